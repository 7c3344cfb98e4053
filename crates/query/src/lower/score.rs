//! The parts of a score, each with whether it gives its points.

use expr::Encoding;
use metadata::Name;
use metadata::catalog::{FieldType, Points};
use sql::{CellType, From, Ident, Order, Query, Relation, Scalar};

use super::LowerError;
use super::context::{Cx, Frame, Place, unknown};
use super::expression::convert;
use super::log::column;
use super::selection::{Pairs, type_name};
use crate::request::{Keyed, ScorePart};

impl Cx<'_> {
    /// The parts as a JSON array, in the order in which the score has them.
    pub fn score_parts(
        &mut self,
        place: &Place,
        name: &Name,
        parts: &[Keyed<ScorePart>],
    ) -> Result<Scalar, LowerError> {
        let field = Cx::field(place, name)?;
        let FieldType::Score { points, .. } = &field.ty else {
            return Err(unknown(&place.object.name, name));
        };
        let mut rows = Vec::with_capacity(points.len());
        for (number, points) in points.iter().enumerate() {
            let json = self.deeper(|cx| cx.score_part(place, points, parts))?;
            let number = i64::try_from(number).map_or(Scalar::Null(Encoding::Int), Scalar::Int);
            let columns = vec![(json, Ident::made("j")), (number, Ident::made("n"))];
            rows.push(Query { columns, ..Query::default() });
        }
        if rows.is_empty() {
            return Ok(Scalar::RawJson("[]".to_owned()));
        }
        let alias = self.alias('p');
        let all = Scalar::JsonArray(Box::new(Query {
            columns: vec![(column(&alias, "j"), Ident::made("j"))],
            order: vec![Order { by: column(&alias, "n"), descending: false, nulls_first: false }],
            from: Some(From { source: Relation::Union(rows), alias }),
            ..Query::default()
        }));
        // Of a row that one may not see not even an overflow must be heard.
        Ok(match &place.scope {
            Some(scope) => Scalar::Case(vec![(Scalar::clone(scope), all)], None),
            None => all,
        })
    }

    fn score_part(
        &mut self,
        place: &Place,
        points: &Points,
        parts: &[Keyed<ScorePart>],
    ) -> Result<Scalar, LowerError> {
        let text = |text: Option<String>| text.map_or(Scalar::Null(Encoding::Text), Scalar::Text);
        let mut pairs: Pairs = Vec::with_capacity(parts.len());
        for Keyed { key, item } in parts {
            let (scalar, encoding) = match item {
                ScorePart::TypeName(name) => {
                    let (scalar, cell) = type_name(name);
                    pairs.push((key.to_string(), scalar, cell));
                    continue;
                }
                ScorePart::Title => (text(points.title.clone()), Encoding::Text),
                ScorePart::When => (text(points.when.as_ref().map(ToString::to_string)), Encoding::Text),
                ScorePart::Points => {
                    let value = self.value(&mut Frame::closed(), place, &points.points)?;
                    (convert(value, Encoding::Decimal(6)).scalar, Encoding::Decimal(6))
                }
                ScorePart::Holds => match &points.when {
                    Some(when) => {
                        let truth = self.truth(&mut Frame::closed(), place, when)?;
                        (Scalar::Coalesce(vec![truth, Scalar::Bool(false)]), Encoding::Bool)
                    }
                    None => (Scalar::Bool(true), Encoding::Bool),
                },
            };
            pairs.push((key.to_string(), scalar, CellType::Plain(encoding)));
        }
        Ok(Scalar::JsonObject(pairs))
    }
}
