//! The business on which permissions are proved: objects with something to hide, and four roles that see different parts of it.

use metadata::SourceFile;
use serde_json::{Value, json};

/// The documents.
pub fn files() -> Vec<SourceFile> {
    let file = |path: &str, json: Value| SourceFile { path: path.to_owned(), text: json.to_string() };
    vec![
        file("package.json", json!({"name": "proof", "version": "1.0.0", "title": "Proof"})),
        file("objects/user.json", json!({"extends": "user", "properties": {"country": {"type": "string"}}})),
        file("objects/all.json", json!([account(), deal(), note(), contact(), vault()])),
        file("roles/all.json", roles()),
    ]
}

fn account() -> Value {
    json!({
        "name": "account", "plural": "accounts", "title": "Account", "type": "object", "required": ["name"],
        "properties": {
            "name": {"type": "string"},
            "country": {"type": "string"},
            "tier": {"type": "string", "enum": ["a", "b", "c"]},
            "revenue": {"x-type": "decimal"},
            "secret": {"type": "string"},
            "parent": {"x-type": "lookup", "x-to": "account", "x-inverse": "children"},
            "twice": {"x-type": "formula", "x-returns": "decimal", "x-formula": "record.revenue * 2"},
            "dealCount": {"x-type": "rollup", "x-of": "deals", "x-aggregate": "count"},
            "dealSum": {"x-type": "rollup", "x-of": "deals", "x-aggregate": "sum", "x-field": "amount"},
            "wonDeals": {"x-type": "rollup", "x-of": "deals", "x-aggregate": "count", "x-filter": {"stage": {"eq": "won"}}},
        },
        "x-display": "name", "x-search": ["name", "secret"], "x-owned": true, "x-history": true,
    })
}

fn deal() -> Value {
    json!({
        "name": "deal", "plural": "deals", "title": "Deal", "type": "object", "required": ["name"],
        "properties": {
            "name": {"type": "string"},
            "amount": {"x-type": "decimal"},
            "cost": {"x-type": "decimal"},
            "stage": {"type": "string", "enum": ["open", "won", "lost"]},
            "closeDate": {"type": "string", "format": "date"},
            "hot": {"type": "boolean"},
            "tags": {"type": "array", "items": {"type": "string"}},
            "account": {"x-type": "lookup", "x-to": "account", "x-inverse": "deals"},
            "vault": {"x-type": "lookup", "x-to": "vault", "x-inverse": "deals"},
            "margin": {"x-type": "formula", "x-returns": "decimal", "x-formula": "record.amount - record.cost"},
            "doubled": {"x-type": "formula", "x-returns": "decimal", "x-formula": "record.amount * 2"},
            "whose": {"x-type": "formula", "x-returns": "text", "x-formula": "record.account.name ?? \"nobody\""},
            "noteCount": {"x-type": "rollup", "x-of": "notes", "x-aggregate": "count"},
            "accountDeals": {"x-type": "formula", "x-returns": "int", "x-formula": "record.account.dealCount"},
        },
        "x-display": "name", "x-search": ["name"], "x-owned": true, "x-history": true,
    })
}

fn note() -> Value {
    json!({
        "name": "note", "plural": "notes", "title": "Note", "type": "object", "required": ["text"],
        "properties": {
            "text": {"type": "string"},
            "deal": {"x-type": "masterDetail", "x-to": "deal", "x-inverse": "notes"},
            "about": {"x-type": "polymorphic", "x-to": ["account", "deal", "vault"], "x-inverse": "mentions"},
        },
        "x-display": "text", "x-search": ["text"],
    })
}

fn contact() -> Value {
    json!({
        "name": "contact", "plural": "contacts", "title": "Contact", "type": "object", "required": ["name"],
        "properties": {
            "name": {"type": "string"},
            "email": {"type": "string", "format": "email"},
            "account": {"x-type": "lookup", "x-to": "account", "x-inverse": "contacts"},
            "deals": {"x-type": "manyToMany", "x-to": "deal", "x-inverse": "contacts"},
        },
        "x-display": "name", "x-search": ["name"],
    })
}

fn vault() -> Value {
    json!({
        "name": "vault", "plural": "vaults", "title": "Vault", "type": "object", "required": ["name"],
        "properties": {"name": {"type": "string"}, "code": {"type": "string"}},
        "x-display": "name",
    })
}

fn roles() -> Value {
    let seen = json!({"read": ["name", "country", "tier", "parent", "owner", "createdAt", "dealCount", "dealSum", "wonDeals", "twice"],
        "write": ["name", "country", "tier", "parent", "owner"]});
    // A deal is shown to guests by its account's tier: a manager, who is one, must not write it, for what one may open oneself is not hidden.
    let mut of_manager = seen.clone();
    of_manager["write"] = json!(["name", "country", "parent", "owner"]);
    let deal = json!({"read": ["name", "amount", "stage", "closeDate", "hot", "tags", "account", "owner", "doubled", "whose", "noteCount", "margin", "accountDeals", "vault"],
        "write": ["name", "amount", "stage", "closeDate", "hot", "tags", "account", "owner"]});
    let user = json!({"read": ["all"], "fields": {"read": ["name"]}});
    let contact = json!({"read": [{"account": {"country": {"eq": "$user.country"}}}], "create": ["all"], "update": ["all"], "delete": ["all"],
        "fields": {"read": ["name", "account", "deals"], "write": ["name", "account", "deals"]}});
    let note = |scope: &str| {
        json!({"read": [scope], "create": [scope], "update": [scope], "delete": [scope],
        "fields": {"read": ["*"], "write": ["*"]}})
    };
    let own = json!(["own"]);
    json!([
        {"name": "seller", "title": "Seller", "objects": {
            "account": {"read": ["own", {"country": {"eq": "$user.country"}}], "create": own, "update": own, "delete": own, "fields": seen},
            "deal": {"read": ["team"], "create": own, "update": ["team"], "delete": own, "export": true, "import": true, "fields": deal},
            "note": note("own"), "contact": contact, "user": user,
        }},
        {"name": "manager", "title": "Manager", "inherits": ["guest"], "objects": {
            "account": {"read": ["subordinates"], "update": ["subordinates"], "fields": of_manager},
            "deal": {"read": ["own", "subordinates"], "update": ["subordinates"], "delete": ["subordinates"], "fields": deal},
            "note": note("subordinates"), "user": user,
        }},
        {"name": "analyst", "title": "Analyst", "objects": {
            "account": {"read": ["all"], "fields": seen}, "deal": {"read": ["all"], "export": true, "fields": deal}, "user": user,
        }},
        {"name": "guest", "title": "Guest", "objects": {
            "deal": {"read": [{"and": [{"stage": {"eq": "won"}}, {"account": {"tier": {"in": ["a", "b"]}}}]}], "fields": {"read": ["name", "stage", "closeDate"]}},
        }},
    ])
}
