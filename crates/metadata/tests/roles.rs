//! What roles grant when they are resolved.

use metadata::catalog::{Action, Role};
use metadata::{Base, Resolved, SourceFile, resolve};
use serde_json::{Value, json};

fn file(path: &str, json: &Value) -> SourceFile {
    SourceFile { path: path.to_owned(), text: json.to_string() }
}

fn object(name: &str, more: &Value) -> Value {
    let mut object = json!({ "name": name, "plural": format!("{name}s"), "title": "T", "type": "object",
        "properties": { "name": { "type": "string" } } });
    for (key, value) in more.as_object().expect("keywords") {
        object[key] = value.clone();
    }
    object
}

fn resolved(roles: &Value) -> Resolved {
    let price = json!({ "name": { "type": "string" }, "price": { "x-type": "money", "x-sensitive": true } });
    let detail = |to: &str| json!({ "properties": { "name": { "type": "string" }, "of": { "x-type": "masterDetail", "x-to": to, "x-inverse": "parts" } } });
    let files = [
        file("package.json", &json!({ "name": "crm", "version": "1.0.0" })),
        file("objects/deal.json", &object("deal", &json!({ "x-owned": true, "properties": price }))),
        file("objects/line.json", &object("line", &detail("deal"))),
        file("objects/note.json", &object("note", &detail("line"))),
        file("roles/all.json", roles),
        file("translations/zh-CN.json", &json!({ "roles": { "sales": "销售" } })),
    ];
    resolve(&files, &Base::default()).unwrap_or_else(|found| unreachable!("{found:#?}"))
}

fn scopes(role: &Role, object: &str, action: Action) -> Vec<(String, String, String)> {
    let scopes = role.objects.get(object).map(|grant| grant.scopes(action)).unwrap_or_default();
    let condition = |scope: &metadata::catalog::Scope| {
        scope.condition.as_ref().map_or_else(|| "everything".to_owned(), ToString::to_string)
    };
    scopes.iter().map(|scope| (scope.role.to_string(), scope.text.clone(), condition(scope))).collect()
}

fn said(of: &[(&str, &str, &str)]) -> Vec<(String, String, String)> {
    of.iter().map(|(a, b, c)| ((*a).to_owned(), (*b).to_owned(), (*c).to_owned())).collect()
}

#[test]
fn scopes_are_conditions_and_details_have_their_masters_owner() {
    let every = json!(["own", "team", "subordinates", "pool", "all"]);
    let grant = |read: &Value| json!({ "read": read, "fields": { "read": ["*"] } });
    let roles = json!({ "name": "sales", "title": "Sales", "objects": {
        "deal": grant(&every), "line": grant(&json!(["own"])), "note": grant(&json!(["team", { "name": { "eq": "$user.name" } }])) } });
    let resolved = resolved(&roles);
    let sales = &resolved.catalog.roles["sales"];
    assert_eq!(sales.titles.get("zh-CN").map(String::as_str), Some("销售"));
    assert_eq!(
        scopes(sales, "deal", Action::Read),
        said(&[
            ("sales", "own", "record.owner.id in [user.id]"),
            ("sales", "team", "record.owner.id in user.#team"),
            ("sales", "subordinates", "record.owner.id in user.#subordinates"),
            ("sales", "pool", "false"),
            ("sales", "all", "everything"),
        ])
    );
    assert_eq!(
        scopes(sales, "line", Action::Read),
        said(&[("sales", "own", "record.of.owner.id in [user.id]")])
    );
    assert_eq!(
        scopes(sales, "note", Action::Read),
        said(&[
            ("sales", "team", "record.of.of.owner.id in user.#team"),
            ("sales", r#"{"name":{"eq":"$user.name"}}"#, "record.name in [user.name]"),
        ])
    );
    assert_eq!(scopes(sales, "deal", Action::Update), []);
}

#[test]
fn inherited_grants_are_united_and_keep_their_role() {
    let roles = json!([
        { "name": "sales", "title": "Sales", "inherits": ["reader", "exporter"], "metadata": ["read"],
          "objects": { "deal": { "read": ["own"], "update": ["own"], "fields": { "read": ["price"], "write": ["name"] } } } },
        { "name": "reader", "title": "Reader", "inherits": ["base"], "objects": { "deal": { "read": ["team"], "fields": { "read": ["*"] } } } },
        { "name": "exporter", "title": "Exporter", "inherits": ["base"], "metadata": ["keys"], "objects": { "deal": { "read": ["all"], "export": true, "fields": { "read": ["name"] } } } },
        { "name": "base", "title": "Base", "objects": { "line": { "read": ["all"], "fields": { "read": ["*"] } } } },
    ]);
    let catalog = resolved(&roles).catalog;
    assert_eq!(
        catalog.roles.keys().map(|name| &**name).collect::<Vec<_>>(),
        ["base", "exporter", "reader", "sales"]
    );
    let sales = &catalog.roles["sales"];
    assert_eq!(
        scopes(sales, "deal", Action::Read)
            .into_iter()
            .map(|(role, text, _)| (role, text))
            .collect::<Vec<_>>(),
        [("sales", "own"), ("reader", "team"), ("exporter", "all")]
            .map(|(a, b)| (a.to_owned(), b.to_owned()))
    );
    assert_eq!(scopes(sales, "line", Action::Read).len(), 1, "what two roles inherit is granted once");
    let deal = &sales.objects["deal"];
    let object = catalog.object("deal").expect("deal");
    let grants = |name: &str| object.field(name).is_some_and(|field| deal.reads.grants(field));
    assert!(deal.export && !deal.import && grants("name") && grants("price"));
    assert!(grants("priceCurrency"), "money takes its currency along");
    assert!(!object.field("price").is_some_and(|price| deal.writes.grants(price)));
    assert_eq!(sales.metadata.iter().map(|right| right.as_str()).collect::<Vec<_>>(), ["read", "keys"]);
    let reader = &catalog.roles["reader"].objects["deal"];
    assert!(
        !object.field("price").is_some_and(|price| reader.reads.grants(price)),
        "`*` leaves out what is sensitive"
    );
}

#[test]
fn lists_of_scopes_of_different_order_are_no_change() {
    let role = |read: Value| json!({ "name": "sales", "title": "Sales", "objects": { "deal": { "read": read, "fields": { "read": ["*"] } } } });
    let (one, other) = (resolved(&role(json!(["own", "team"]))), resolved(&role(json!(["team", "own"]))));
    assert_eq!(metadata::difference(&one.catalog, &other.catalog), []);
    let less = resolved(&role(json!(["own"])));
    assert_eq!(metadata::difference(&one.catalog, &less.catalog).len(), 1);
}
