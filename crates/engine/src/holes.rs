//! What no statement can tell of a record: its moves. Put into answers where the statement has left the record's id, for all records of an
//! answer at once.

use std::collections::HashMap;

use metadata::Name;
use query::holes::{Gap, Holes};
use query::request::{Keyed, MissingPart, MovePart};
use uuid::Uuid;

use crate::caller::Caller;
use crate::engine::Engine;
use crate::error::{ReadError, WriteError};
use crate::lifecycle::preview::Move;
use crate::outcome::Refusal;
use crate::person::defect;

/// The moves of records, by object and id.
type Known = HashMap<Name, HashMap<Uuid, Vec<Move>>>;

impl Engine {
    /// The answers with what belongs into their holes.
    pub(crate) async fn filled(
        &self,
        caller: &Caller,
        holes: &Holes,
        answers: Vec<Vec<u8>>,
    ) -> Result<Vec<Vec<u8>>, ReadError> {
        let gaps: Vec<Vec<Gap>> = answers.iter().map(|answer| holes.gaps(answer)).collect();
        let mut asked: HashMap<Name, Vec<Uuid>> = HashMap::new();
        for gap in gaps.iter().flatten() {
            if let Some(object) = caller.catalog.object(&gap.object) {
                let ids = asked.entry(object.name.clone()).or_default();
                if !ids.contains(&gap.record) {
                    ids.push(gap.record);
                }
            }
        }
        let mut known = Known::new();
        for (object, ids) in asked {
            let moves = self.moves(caller, &object, &ids).await.map_err(unread)?;
            known.insert(object, moves);
        }
        Ok(answers.into_iter().zip(gaps).map(|(answer, gaps)| put(&answer, &gaps, holes, &known)).collect())
    }
}

/// What went wrong with a look ahead, for one who reads.
fn unread(error: WriteError) -> ReadError {
    match error {
        WriteError::Denied(denied) => ReadError::Denied(denied),
        other => defect(other),
    }
}

/// The answer with moves in its gaps.
fn put(answer: &[u8], gaps: &[Gap], holes: &Holes, known: &Known) -> Vec<u8> {
    let mut out = Vec::with_capacity(answer.len() + 256 * gaps.len());
    let mut from = 0;
    for gap in gaps {
        out.extend_from_slice(answer.get(from..gap.range.start).unwrap_or_default());
        let of_object = known.iter().find(|(object, _)| object.as_str() == gap.object).map(|(_, of)| of);
        let moves = of_object.and_then(|of| of.get(&gap.record)).map(Vec::as_slice).unwrap_or_default();
        let parts = holes.selections.get(gap.selection).map(Vec::as_slice).unwrap_or_default();
        list(moves, &mut out, |one, out| members(parts, out, |part, out| move_part(part, one, out)));
        from = gap.range.end;
    }
    out.extend_from_slice(answer.get(from..).unwrap_or_default());
    out
}

fn move_part(part: &MovePart, one: &Move, out: &mut Vec<u8>) {
    match part {
        MovePart::TypeName(name) => json(&**name, out),
        MovePart::To => json(&*one.to, out),
        MovePart::Allowed => json(&one.allowed, out),
        MovePart::Missing(parts) => {
            list(&one.missing, out, |refusal, out| {
                members(parts, out, |part, out| missing_part(*part, refusal, out));
            });
        }
    }
}

fn missing_part(part: MissingPart, refusal: &Refusal, out: &mut Vec<u8>) {
    match part {
        MissingPart::TypeName => json("WriteError", out),
        MissingPart::Code => json(refusal.code.as_str(), out),
        MissingPart::Path => json(&refusal.path, out),
        MissingPart::Rule => json(&refusal.rule, out),
        MissingPart::Message => json(&refusal.message, out),
        MissingPart::ScriptLine => json(&refusal.line, out),
        MissingPart::Index => json(&None::<u32>, out),
    }
}

fn json<T: serde::Serialize + ?Sized>(value: &T, out: &mut Vec<u8>) {
    // Texts, truths and numbers always have a form in JSON.
    if serde_json::to_writer(&mut *out, value).is_err() {
        out.extend_from_slice(b"null");
    }
}

fn list<T>(items: &[T], out: &mut Vec<u8>, each: impl Fn(&T, &mut Vec<u8>)) {
    out.push(b'[');
    for (place, item) in items.iter().enumerate() {
        if place > 0 {
            out.push(b',');
        }
        each(item, out);
    }
    out.push(b']');
}

fn members<T>(parts: &[Keyed<T>], out: &mut Vec<u8>, each: impl Fn(&T, &mut Vec<u8>)) {
    out.push(b'{');
    for (place, Keyed { key, item }) in parts.iter().enumerate() {
        if place > 0 {
            out.push(b',');
        }
        json(&**key, out);
        out.push(b':');
        each(item, out);
    }
    out.push(b'}');
}
