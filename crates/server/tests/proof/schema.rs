//! Random operations over whatever a caller's schema shows: made from introspection, so that a new field or door takes part by itself.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::Value;

use testing::Chance;

/// Asks for all that operations are made of.
pub const INTROSPECTION: &str = "query Schema { __schema { queryType { name } mutationType { name } types { kind name \
    fields { name args { name type { ...T } } type { ...T } } inputFields { name type { ...T } } enumValues { name } possibleTypes { name } } } } \
    fragment T on __Type { kind name ofType { kind name ofType { kind name ofType { kind name } } } }";

/// A type reference.
#[derive(Clone, Debug)]
pub struct Ref {
    pub name: String,
    pub required: bool,
    pub list: bool,
}

#[derive(Clone, Debug)]
pub struct Field {
    pub name: String,
    pub args: Vec<(String, Ref)>,
    pub ty: Ref,
}

#[derive(Clone, Debug, Default)]
pub struct Type {
    pub kind: String,
    pub fields: Vec<Field>,
    pub inputs: Vec<(String, Ref)>,
    pub values: Vec<String>,
    pub possible: Vec<String>,
}

/// What a caller's schema shows.
pub struct Schema {
    pub types: BTreeMap<String, Type>,
}

/// Values that operations compare with and write: some of them stand in records, seen and hidden.
pub struct Pool {
    pub ids: Vec<String>,
    pub words: Vec<String>,
    /// Positions that were answered before: of which object, and the text.
    pub cursors: Vec<(String, String)>,
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn each<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    value[key].as_array().map(Vec::as_slice).unwrap_or_default().iter()
}

fn reference(json: &Value) -> Ref {
    let (mut at, mut required, mut list) = (json, false, false);
    let mut outermost = true;
    loop {
        match at["kind"].as_str() {
            Some("NON_NULL") => {
                required |= outermost;
                at = &at["ofType"];
            }
            Some("LIST") => {
                (list, outermost) = (true, false);
                at = &at["ofType"];
            }
            _ => return Ref { name: text(&at["name"]), required, list },
        }
    }
}

impl Schema {
    pub fn read(introspected: &Value) -> Self {
        let inputs = |json: &Value, key: &str| -> Vec<(String, Ref)> {
            each(json, key).map(|arg| (text(&arg["name"]), reference(&arg["type"]))).collect()
        };
        let types = each(&introspected["__schema"], "types").map(|json| {
            let fields = each(json, "fields").map(|field| Field {
                name: text(&field["name"]),
                args: inputs(field, "args"),
                ty: reference(&field["type"]),
            });
            let ty = Type {
                kind: text(&json["kind"]),
                fields: fields.collect(),
                inputs: inputs(json, "inputFields"),
                values: each(json, "enumValues").map(|value| text(&value["name"])).collect(),
                possible: each(json, "possibleTypes").map(|ty| text(&ty["name"])).collect(),
            };
            (text(&json["name"]), ty)
        });
        Self { types: types.collect() }
    }

    pub fn roots(&self, ty: &str) -> &[Field] {
        self.types.get(ty).map(|ty| ty.fields.as_slice()).unwrap_or_default()
    }
}

/// Makes operations.
pub struct Maker<'a> {
    pub schema: &'a Schema,
    pub pool: &'a Pool,
    pub chance: &'a mut Chance,
}

const DEEPEST: usize = 3;
/// Differ between equal databases: what the platform counts and stamps.
const UNEVEN: [&str; 4] = ["updatedAt", "version", "stageEnteredAt", "ownerSince"];

impl Maker<'_> {
    /// A query of one root, or two.
    pub fn query(&mut self) -> String {
        let roots: Vec<Field> =
            self.schema.roots("Query").iter().filter(|field| field.name != "me").cloned().collect();
        let count = 1 + usize::from(self.chance.one_in(6));
        let picked: Vec<String> = (0..count)
            .map(|number| {
                let field = self.chance.pick(&roots).clone();
                format!("r{number}: {}", self.call(&field, 0, &[]))
            })
            .collect();
        format!("{{ {} }}", picked.join(" "))
    }

    /// A mutation; what makes records is only rehearsed, because their ids would differ.
    pub fn mutation(&mut self) -> String {
        let roots = self.schema.roots("Mutation").to_vec();
        let field = self.chance.pick(&roots).clone();
        let makes = field.name.starts_with("create") || field.name.starts_with("upsert");
        let rehearse = makes || self.chance.one_in(2);
        let given: &[(&str, &str)] = if rehearse { &[("dryRun", "true")] } else { &[("dryRun", "false")] };
        format!("mutation {{ r0: {} }}", self.call(&field, 0, given))
    }

    pub fn call(&mut self, field: &Field, depth: usize, given: &[(&str, &str)]) -> String {
        let mut out = field.name.clone();
        let args = self.arguments(field, given);
        if !args.is_empty() {
            let _ = write!(out, "({})", args.join(", "));
        }
        if let Some(selection) = self.selection(&field.ty.name, depth) {
            let _ = write!(out, " {selection}");
        }
        out
    }

    fn arguments(&mut self, field: &Field, given: &[(&str, &str)]) -> Vec<String> {
        let paged = self.chance.below(4);
        let groups = field.name.ends_with("GroupBy");
        let of = field.ty.name.strip_suffix("Connection").unwrap_or_default().to_lowercase();
        let positions: Vec<String> = self
            .pool
            .cursors
            .iter()
            .filter(|(object, _)| *object == of)
            .map(|(_, text)| text.clone())
            .collect();
        // A position belongs to an order: those that are kept are of lists in no order but that of ids.
        let beyond = !positions.is_empty() && self.chance.one_in(3);
        let mut args = Vec::new();
        for (name, ty) in &field.args {
            if let Some((_, value)) = given.iter().find(|(key, _)| key == name) {
                args.push(format!("{name}: {value}"));
                continue;
            }
            let fits = match name.as_str() {
                "first" => paged < 3,
                "after" => beyond && paged < 3,
                "offset" => !beyond && paged == 2,
                "last" => paged == 3,
                "before" => beyond && paged == 3,
                "orderBy" => !beyond && (!groups || self.chance.one_in(4)) && self.chance.one_in(2),
                "idempotencyKey" | "expectedVersion" => false,
                "having" | "search" => self.chance.one_in(4),
                _ => self.chance.one_in(2),
            };
            if !fits && !ty.required {
                continue;
            }
            let value = match name.as_str() {
                "first" | "last" => (1 + self.chance.below(6)).to_string(),
                "offset" => self.chance.below(5).to_string(),
                "after" | "before" => format!("{:?}", self.chance.pick(&positions)),
                "key" => "\"id\"".to_owned(),
                "object" => format!("{:?}", self.object()),
                _ => self.value(ty, 0),
            };
            args.push(format!("{name}: {value}"));
        }
        args
    }

    /// The name of an object that is shown.
    fn object(&mut self) -> String {
        let shown: Vec<&String> = self
            .schema
            .types
            .keys()
            .filter(|name| self.schema.types.contains_key(&format!("{name}GroupBy")))
            .collect();
        let name = if shown.is_empty() { String::new() } else { (*self.chance.pick(&shown)).clone() };
        let mut letters = name.chars();
        letters.next().map(|first| first.to_lowercase().to_string() + letters.as_str()).unwrap_or_default()
    }

    /// `None` for what has no fields.
    fn selection(&mut self, ty: &str, depth: usize) -> Option<String> {
        let schema = self.schema;
        let of = schema.types.get(ty)?;
        if of.kind == "UNION" {
            let cases: Vec<String> = of
                .possible
                .iter()
                .filter_map(|case| Some(format!("... on {case} {}", self.selection(case, depth + 1)?)))
                .collect();
            return Some(format!("{{ __typename {} }}", cases.join(" ")));
        }
        if of.kind != "OBJECT" {
            return None;
        }
        let leaf =
            |name: &str| schema.types.get(name).is_none_or(|ty| ty.kind != "OBJECT" && ty.kind != "UNION");
        let mut picked = vec!["__typename".to_owned()];
        for (number, field) in of.fields.iter().enumerate() {
            if UNEVEN.contains(&field.name.as_str()) {
                continue;
            }
            let wanted = if leaf(&field.ty.name) {
                self.chance.one_in(2)
            } else {
                depth < DEEPEST && self.chance.one_in(2 + depth)
            };
            if wanted {
                let call = self.call(field, depth + 1, &[]);
                picked.push(format!("f{number}: {call}"));
            }
        }
        Some(format!("{{ {} }}", picked.join(" ")))
    }

    fn value(&mut self, ty: &Ref, depth: usize) -> String {
        if ty.list {
            let count = if ty.name.ends_with("OrderBy") || ty.name.ends_with("GroupBy") { 1 } else { 3 };
            let one = Ref { list: false, ..ty.clone() };
            let items: Vec<String> =
                (0..=self.chance.below(count)).map(|_| self.value(&one, depth + 1)).collect();
            return format!("[{}]", items.join(", "));
        }
        match ty.name.as_str() {
            "Int" => self.chance.below(8).to_string(),
            "BigInt" => format!("\"{}\"", self.chance.below(8)),
            "Float" | "Decimal" => format!("\"{}\"", self.chance.below(12) * 50),
            "Boolean" => self.chance.one_in(2).to_string(),
            "ID" => format!("{:?}", self.chance.pick(&self.pool.ids)),
            "Date" => format!("\"2026-0{}-15\"", 1 + self.chance.below(6)),
            "DateTime" => format!("\"2026-0{}-15T00:00:00Z\"", 1 + self.chance.below(6)),
            "Time" => "\"12:00\"".to_owned(),
            "JSON" => "{}".to_owned(),
            "String" => format!("{:?}", self.chance.pick(&self.pool.words)),
            other => self.input(other, depth),
        }
    }

    fn input(&mut self, name: &str, depth: usize) -> String {
        let Some(of) = self.schema.types.get(name) else { return "null".to_owned() };
        if of.kind == "ENUM" {
            return self.chance.pick(&of.values).clone();
        }
        // An order or a key of a group names one thing.
        let single = name.ends_with("OrderBy") || name.ends_with("GroupBy") || depth > 3;
        let most = if single { 1 } else { 1 + self.chance.below(2) };
        let required = of.inputs.iter().filter(|(_, ty)| ty.required).cloned();
        let mut chosen: Vec<(String, Ref)> = required.collect();
        let fits: Vec<(String, Ref)> = of
            .inputs
            .iter()
            .filter(|(key, ty)| {
                let deep = self.schema.types.get(&ty.name).is_some_and(|ty| ty.kind == "INPUT_OBJECT");
                let logic = matches!(key.as_str(), "and" | "or" | "not");
                !(UNEVEN.contains(&key.as_str()) || (depth > 4 && (deep || logic)))
            })
            .cloned()
            .collect();
        for _ in 0..most.saturating_sub(chosen.len()) {
            if !fits.is_empty() {
                let one = self.chance.pick(&fits).clone();
                if !chosen.iter().any(|(key, _)| *key == one.0) {
                    chosen.push(one);
                }
            }
        }
        let pairs: Vec<String> = chosen
            .iter()
            .map(|(key, ty)| {
                let value = match key.as_str() {
                    "between" => {
                        let one = Ref { list: false, ..ty.clone() };
                        format!("[{}, {}]", self.value(&one, depth + 1), self.value(&one, depth + 1))
                    }
                    _ if name.ends_with("GroupBy") && ty.name == "Boolean" => "true".to_owned(),
                    _ => self.value(ty, depth + 1),
                };
                format!("{key}: {value}")
            })
            .collect();
        format!("{{{}}}", pairs.join(", "))
    }
}
