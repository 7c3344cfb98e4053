//! The demo's data set: two years of a maker of business software, drawn from a seed, so that its truths can be stated.
//!
//! Pure: the same seed and day give the same rows on every machine. Rows name related records by their unique keys and stand in
//! an order in which every record comes after those that it points at, so that they go through the same writes as anyone's.

mod customers;
pub mod load;
mod marketing;
mod organisation;
mod random;
mod ripening;
mod rows;
mod sales;
mod touches;
#[cfg(test)]
mod truths;
mod words;

use chrono::NaiveDate;
use metadata::Name;
use query::request::RecordData;

#[cfg(test)]
pub use truths::truths;

/// The seed of the data set that `armature demo` shows.
pub const SEED: u64 = 20_261_121;

/// Rows by object. An object can come several times; the order is the order in which they must be written.
#[derive(Clone, Debug, PartialEq)]
pub struct DemoData {
    /// In the order in which they are written.
    pub objects: Vec<Part>,
}

/// Rows of one object.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    /// The object.
    pub object: Name,
    /// The field by which records that are there already are found; new ones when absent.
    pub key: Option<Name>,
    /// Its rows.
    pub rows: Vec<RecordData>,
}

impl DemoData {
    /// How many records there are in all: the length of the progress bar.
    pub fn len(&self) -> usize {
        self.objects.iter().map(|of| of.rows.len()).sum()
    }
}

/// E-mail addresses of the salespeople, in the order of their teams.
pub fn sellers() -> Vec<String> {
    organisation::organisation(SEED).sellers.into_iter().map(|seller| seller.email).collect()
}

/// Draws the data set: two years that end on `today`.
pub fn generate(seed: u64, today: NaiveDate) -> DemoData {
    let firm = organisation::organisation(seed);
    let buyers = customers::customers(seed, &firm.sellers);
    let brought = marketing::marketing(seed, today, &firm.sellers);
    let sold = sales::sales(seed, today, &buyers.list, &firm.sellers);
    let touched = touches::activities(seed, today, &sold.list, &brought.list);
    let due = touches::tasks(seed, today, &sold.list);
    let seats = organisation::seats(&firm.sellers);
    let new = [
        ("user", firm.leaders),
        ("user", firm.managers),
        ("team", firm.teams),
        ("user", firm.people),
        ("product", firm.products),
        ("campaign", brought.campaigns),
        ("account", buyers.groups),
        ("account", buyers.members),
        ("contact", buyers.contacts),
        ("rotaSeat", seats),
        ("lead", brought.leads),
    ];
    // Leads go their ways before anything is done with them: what is done now moves whoever is due now.
    let done = [
        ("engagement", brought.engagements),
        ("opportunity", sold.opportunities),
        ("task", due),
        ("activity", touched),
    ];
    let fresh = |(object, rows)| Part { object: rows::name(object), key: None, rows };
    let key = || Some(rows::name("externalId"));
    let moved = brought.moves.into_iter().map(|rows| Part { object: rows::name("lead"), key: key(), rows });
    DemoData { objects: new.into_iter().map(fresh).chain(moved).chain(done.into_iter().map(fresh)).collect() }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use chrono::NaiveDate;
    use expr::Value;
    use metadata::catalog::{FieldType, Object};
    use metadata::{Base, Catalog, resolve};
    use query::request::{Input, RecordRef};

    use super::{Part, SEED, generate, truths};

    fn today() -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 11, 21).expect("a day of the calendar")
    }

    #[test]
    fn it_is_what_the_page_says() {
        let data = generate(SEED, today());
        let truth = truths(&data);
        assert_eq!(truth.records["opportunity"], 8_800);
        assert_eq!(truth.records["lead"], 3_000);
        assert_eq!(truth.records["account"], 85);
        assert_eq!(truth.records["product"], 7);
        assert_eq!(truth.records["team"], 6);
        assert_eq!(truth.records["user"], 37);
        assert_eq!(truth.records["activity"], 5_000);
        assert!(truth.records["contact"] > 150);
        assert_eq!(truth.stages.len(), 6, "{truth:?}");
        assert_eq!(truth.stages.values().sum::<usize>(), 8_800);
        assert_eq!(truth.won_by_product.len(), 7, "{truth:?}");
        let (won, lost) = (truth.stages["won"], truth.stages["lost"]);
        assert!(won > lost && won < lost * 2, "{truth:?}");
        assert_eq!(truth.leads.values().sum::<usize>(), 3_000);
        assert!(truth.leads.len() >= 8, "leads stand in all stages: {truth:?}");
    }

    #[test]
    fn the_same_seed_gives_the_same_rows_and_another_seed_others() {
        assert_eq!(generate(SEED, today()), generate(SEED, today()));
        assert_ne!(truths(&generate(SEED, today())), truths(&generate(SEED + 1, today())));
    }

    #[test]
    fn every_key_is_unique_and_named_only_after_it_was_given() {
        let mut known = BTreeSet::new();
        for Part { object, key, rows } in generate(SEED, today()).objects {
            for row in &rows {
                for (_, input) in &row.fields {
                    let (Input::One(RecordRef::By(field, Value::Text(key)))
                    | Input::OneOf(_, RecordRef::By(field, Value::Text(key)))) = input
                    else {
                        continue;
                    };
                    assert!(
                        known.contains(&(field.to_string(), key.clone())),
                        "{object}: {field} {key} is not known yet"
                    );
                }
            }
            for row in rows.iter().filter(|_| key.is_none()) {
                for (field, input) in &row.fields {
                    let unique = matches!(
                        (&*object, &**field),
                        (_, "externalId") | ("product", "code") | ("user", "email") | ("team", "name")
                    );
                    if let (true, Input::Value(Value::Text(key))) = (unique, input) {
                        assert!(
                            known.insert((field.to_string(), key.clone())),
                            "{object}: {field} {key} comes twice"
                        );
                    }
                }
            }
        }
    }

    fn catalog() -> Catalog {
        match resolve(&crate::shipped::packages(&["core", "b2b-mtl"]), &Base::default()) {
            Ok(resolved) => resolved.catalog,
            Err(problems) => panic!("the shipped packages are not in order: {problems:?}"),
        }
    }

    /// Whether the field can take what is given for it.
    fn fits(object: &Object, field: &str, input: &Input) -> bool {
        let given = |field: &str| matches!(field, "stageEnteredAt");
        let field = object.field(field).filter(|field| field.writable() || given(&field.name));
        let Some(field) = field else { return false };
        match (&field.ty, input) {
            (FieldType::Select(choices), Input::Value(Value::Text(text))) => {
                choices.choices.iter().any(|choice| *choice.value == **text)
            }
            (FieldType::Polymorphic { to, .. }, Input::OneOf(object, _)) => to.contains(object),
            (FieldType::Lookup(_), Input::One(_))
            | (FieldType::Address, Input::Parts(_))
            | (FieldType::Int(_), Input::Value(Value::Int(_)))
            | (FieldType::Bool, Input::Value(Value::Bool(_)))
            | (FieldType::Date, Input::Value(Value::Date(_)))
            | (FieldType::DateTime, Input::Value(Value::DateTime(_)))
            | (FieldType::Duration, Input::Value(Value::Duration(_)))
            | (FieldType::Money { .. } | FieldType::Percent(_), Input::Value(Value::Decimal(_)))
            | (
                FieldType::Text(_)
                | FieldType::LongText(_)
                | FieldType::Email(_)
                | FieldType::Phone(_)
                | FieldType::Url(_),
                Input::Value(Value::Text(_)),
            ) => true,
            _ => false,
        }
    }

    #[test]
    fn the_rows_fit_the_shipped_packages() {
        let catalog = catalog();
        for Part { object: name, key, rows } in generate(SEED, today()).objects {
            let object = catalog.object(&name).expect("an object of the shipped packages");
            for row in rows {
                for (field, input) in &row.fields {
                    assert!(fits(object, field, input), "{name}.{field} cannot take {input:?}");
                }
                let required = object.fields.values().filter(|field| field.required && !field.system);
                for required in required.filter(|_| key.is_none()) {
                    assert!(
                        row.fields.iter().any(|(field, _)| *field == required.name),
                        "{name} lacks {}",
                        required.name
                    );
                }
            }
        }
    }
}
