//! Fills the tenant's tables: 200 users, 50,000 accounts, 100,000 contacts, 200,000 leads, 100,000 opportunities, 500,000 activities.
//!
//! Written straight into the tables, one statement each, from the row's number alone: the same data every time. Every column that
//! has a folded twin gets it; everything else that the layout has and this page does not name stays null.

use sqlx::postgres::PgPool;
use sqlx::{AssertSqlSafe, Executor};

use crate::Failure;
use crate::database::{self, SCHEMA};

/// Users.
pub const USERS: u32 = 200;
/// Products.
pub const PRODUCTS: u32 = 40;
/// Accounts; the first two of five are of tier A and have five opportunities each.
pub const ACCOUNTS: u32 = 50_000;
/// Contacts.
pub const CONTACTS: u32 = 100_000;
/// Leads.
pub const LEADS: u32 = 200_000;
/// Opportunities.
pub const OPPORTUNITIES: u32 = 100_000;
/// Activities.
pub const ACTIVITIES: u32 = 500_000;

/// One table: its kind (a digit of the ids), its rows, and the expression over `n` for each column.
struct Table {
    name: &'static str,
    kind: u8,
    rows: u32,
    columns: Vec<(&'static str, String)>,
}

/// The id of the n-th row of a kind, as PostgreSQL computes it.
pub fn id(kind: u8, number: &str) -> String {
    format!("('01900000-000{kind}-7000-8000-' || lpad(to_hex({number}), 12, '0'))::uuid")
}

/// The id of the n-th row of a kind.
pub fn id_of(kind: u8, number: u32) -> String {
    format!("01900000-000{kind}-7000-8000-{number:012x}")
}

/// Something like chance: below `end`, from the row's number and a salt.
fn chance(salt: u32, end: u32) -> String {
    format!("((((n::bigint * 2654435761 + {salt} * 40503) % 4294967296) * 48271 % 2147483647) % {end})::int")
}

/// One of these texts.
fn pick(salt: u32, from: &[&str]) -> String {
    let list: Vec<String> = from.iter().map(|text| format!("'{text}'")).collect();
    let end = u32::try_from(from.len()).unwrap_or(1);
    format!("(ARRAY[{}])[1 + {}]", list.join(","), chance(salt, end))
}

/// Fills all tables of a database where the package has been applied to tenant `bench`.
pub async fn fill(url: &str, percent: u32, leads: u32) -> Result<(), Failure> {
    let pool = database::pool(url, 1).await?;
    for table in tables(percent, leads) {
        insert(&pool, &table).await?;
    }
    pool.execute("VACUUM (ANALYZE, FREEZE)").await?;
    pool.execute("CHECKPOINT").await?;
    pool.close().await;
    Ok(())
}

async fn insert(pool: &PgPool, table: &Table) -> Result<(), Failure> {
    let there = database::columns(pool, table.name).await?;
    let at = "(timestamptz '2024-06-01 08:00:00Z' + n * interval '1 second')".to_owned();
    let mut columns = vec![
        ("id".to_owned(), id(table.kind, "n")),
        ("created_at".to_owned(), at.clone()),
        ("updated_at".to_owned(), at.clone()),
        ("version".to_owned(), "1".to_owned()),
    ];
    if there.contains("owner") {
        columns.push(("owner".to_owned(), id(1, &format!("1 + {}", chance(1, USERS)))));
        columns.push(("owner_since".to_owned(), at));
    }
    for (name, expression) in &table.columns {
        if !there.contains(*name) {
            return Err(format!(
                "table {} has no column {name}: the seed is older than the package",
                table.name
            )
            .into());
        }
        columns.push(((*name).to_owned(), expression.clone()));
        let folded = format!("{name}_folded");
        if there.contains(&folded) {
            columns.push((folded, format!("lower({expression})")));
        }
    }
    let names: Vec<String> = columns.iter().map(|(name, _)| format!("\"{name}\"")).collect();
    let values: Vec<&str> = columns.iter().map(|(_, expression)| expression.as_str()).collect();
    let sql = format!(
        "INSERT INTO {SCHEMA}.\"{}\" ({}) SELECT {} FROM generate_series(1, {}) AS n",
        table.name,
        names.join(", "),
        values.join(", "),
        table.rows
    );
    pool.execute(sqlx::query(AssertSqlSafe(sql))).await?;
    Ok(())
}

fn tables(percent: u32, lead_rows: u32) -> Vec<Table> {
    let share = |rows: u32| (rows / 100 * percent).max(200);
    vec![
        Table { name: "user", kind: 1, rows: USERS, columns: users() },
        Table { name: "product", kind: 7, rows: PRODUCTS, columns: products() },
        Table { name: "account", kind: 2, rows: share(ACCOUNTS), columns: accounts(share(ACCOUNTS)) },
        Table { name: "contact", kind: 3, rows: share(CONTACTS), columns: contacts(share(ACCOUNTS)) },
        Table {
            name: "lead",
            kind: 4,
            rows: share(lead_rows),
            columns: leads(share(lead_rows), share(ACCOUNTS)),
        },
        Table {
            name: "opportunity",
            kind: 5,
            rows: share(OPPORTUNITIES),
            columns: opportunities(share(ACCOUNTS)),
        },
        Table {
            name: "activity",
            kind: 6,
            rows: share(ACTIVITIES),
            columns: activities(share(ACTIVITIES), share(OPPORTUNITIES)),
        },
    ]
}

fn users() -> Vec<(&'static str, String)> {
    vec![
        ("name", "'User ' || lpad(n::text, 3, '0')".to_owned()),
        ("email", "'user' || n || '@bench.example'".to_owned()),
        ("active", "true".to_owned()),
    ]
}

fn products() -> Vec<(&'static str, String)> {
    vec![
        ("name", "'Product ' || lpad(n::text, 2, '0')".to_owned()),
        ("code", "'P' || lpad(n::text, 2, '0')".to_owned()),
        ("family", pick(2, &["software", "service", "hardware", "training"])),
        ("price", format!("(100 + {})::numeric", chance(3, 90_000))),
        ("price_currency", "'USD'".to_owned()),
        ("active", "true".to_owned()),
    ]
}

const INDUSTRIES: [&str; 8] = [
    "retail",
    "manufacturing",
    "finance",
    "healthcare",
    "education",
    "logistics",
    "software",
    "professionalServices",
];

fn accounts(rows: u32) -> Vec<(&'static str, String)> {
    vec![
        // 7919 is a prime that divides none of the sizes, so that every name comes once.
        ("name", format!("'Account ' || lpad(((n::bigint * 7919) % {rows})::text, 6, '0')")),
        ("type", pick(4, &["prospect", "customer", "formerCustomer", "partner"])),
        (
            "tier",
            format!(
                "CASE WHEN n <= {} THEN 'A' WHEN {} = 0 THEN 'B' ELSE 'C' END",
                rows / 5 * 2,
                chance(5, 2)
            ),
        ),
        ("industry", pick(6, &INDUSTRIES)),
        ("website", "'https://www.account' || n || '.example'".to_owned()),
        ("phone", "'+1 555 ' || lpad(n::text, 7, '0')".to_owned()),
        ("employees", format!("1 + {}", chance(7, 20_000))),
        ("annual_revenue", format!("({} * 1000)::numeric", chance(8, 900_000))),
        ("annual_revenue_currency", "'USD'".to_owned()),
        ("founded_year", format!("1900 + {}", chance(9, 125))),
        ("external_id", "'A' || n".to_owned()),
    ]
}

fn contacts(accounts: u32) -> Vec<(&'static str, String)> {
    let first = pick(
        10,
        &[
            "Ada", "Alan", "Beatrice", "Carla", "David", "Edith", "Felix", "Grace", "Henry", "Iris", "Joan",
            "Kevin",
        ],
    );
    let last = "'Person' || lpad(n::text, 6, '0')".to_owned();
    vec![
        ("name", format!("{first} || ' ' || {last}")),
        ("first_name", first),
        ("last_name", last),
        ("account", id(2, &format!("1 + ((n - 1) % {accounts})"))),
        ("job_title", pick(11, &["Chief Executive", "Finance Director", "Head of IT", "Accountant"])),
        ("email", "'person' || n || '@bench.example'".to_owned()),
        ("phone", "'+1 556 ' || lpad(n::text, 7, '0')".to_owned()),
        ("do_not_contact", "false".to_owned()),
        ("external_id", "'C' || n".to_owned()),
    ]
}

fn leads(rows: u32, accounts: u32) -> Vec<(&'static str, String)> {
    let last = "'Lead' || lpad(n::text, 6, '0')".to_owned();
    vec![
        ("name", last.clone()),
        ("last_name", last),
        ("company", format!("'Company ' || {}", chance(12, 40_000))),
        ("email", "'lead' || n || '@bench.example'".to_owned()),
        ("industry", pick(13, &INDUSTRIES)),
        ("employees", format!("1 + {}", chance(14, 5_000))),
        ("stage", pick(15, &["new", "working", "nurturing", "qualified", "converted", "disqualified"])),
        ("lifecycle", "'leadQualification'".to_owned()),
        ("stage_entered_at", "timestamptz '2024-11-01 00:00:00Z'".to_owned()),
        ("pass", "1".to_owned()),
        ("rating", pick(16, &["hot", "warm", "cold"])),
        ("points", chance(17, 101)),
        ("source", pick(18, &["website", "search", "event", "webinar", "content", "referral"])),
        (
            "received_at",
            format!(
                "timestamptz '2024-11-01 00:00:00Z' + ((n::bigint * 7919) % {rows}) * interval '5 minutes'"
            ),
        ),
        ("product", id(7, &format!("1 + {}", chance(34, PRODUCTS)))),
        ("converted_account", id(2, &format!("1 + {}", chance(35, accounts)))),
        ("do_not_contact", "false".to_owned()),
        ("external_id", "'L' || n".to_owned()),
    ]
}

fn opportunities(accounts: u32) -> Vec<(&'static str, String)> {
    vec![
        ("number", "'O-2024-' || lpad(n::text, 6, '0')".to_owned()),
        ("name", "'Opportunity ' || lpad(n::text, 6, '0')".to_owned()),
        ("account", id(2, &format!("1 + ((n - 1) % {})", accounts / 5 * 2))),
        ("product", id(7, &format!("1 + {}", chance(19, PRODUCTS)))),
        ("type", pick(20, &["newBusiness", "expansion"])),
        ("stage", pick(21, &["prospecting", "qualification", "proposal", "negotiation", "won", "lost"])),
        ("lifecycle", "'newBusiness'".to_owned()),
        ("stage_entered_at", "timestamptz '2024-11-01 00:00:00Z'".to_owned()),
        ("pass", "1".to_owned()),
        ("amount", format!("({} / 100.0)::numeric(18,2)", chance(22, 20_000_000))),
        ("amount_currency", "'USD'".to_owned()),
        ("probability", format!("({})::numeric", chance(23, 101))),
        ("engaged_on", format!("date '2024-06-01' + {}", chance(24, 180))),
        // 37 keeps the close dates of one account's five opportunities apart.
        ("close_date", "date '2025-01-01' + ((n * 37) % 730)".to_owned()),
        ("next_step", pick(25, &["Call", "Send the offer", "Visit", "Ask for the decision"])),
        ("source", pick(26, &["website", "referral", "event", "search"])),
        ("external_id", "'S' || n".to_owned()),
    ]
}

fn activities(rows: u32, opportunities: u32) -> Vec<(&'static str, String)> {
    vec![
        ("subject", "'Activity ' || lpad(n::text, 6, '0')".to_owned()),
        ("type", pick(27, &["call", "email", "message", "meeting", "visit", "demo", "note"])),
        ("direction", pick(28, &["inbound", "outbound"])),
        ("aim", pick(29, &["spreadTheWord", "winContact", "winOrder"])),
        ("related", id(5, &format!("1 + {}", chance(30, opportunities)))),
        ("related_object", "'opportunity'".to_owned()),
        (
            "happened_at",
            format!(
                "timestamptz '2024-11-01 00:00:00Z' + ((n::bigint * 7919) % {rows}) * interval '2 minutes'"
            ),
        ),
        ("duration", format!("60 * (1 + {})", chance(31, 90))),
        ("outcome", pick(32, &["reached", "noAnswer", "interested", "notInterested", "followUp"])),
        ("location", pick(33, &["Office", "On site", "Telephone"])),
        ("notes", "'What was said, number ' || n".to_owned()),
    ]
}
