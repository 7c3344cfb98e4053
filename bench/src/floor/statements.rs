//! The statements, by hand. The tables' names and columns are those that Armature gives `metadata/core` on a fresh tenant.

use std::collections::HashSet;

use sqlx::postgres::PgPool;

use super::deal;
use crate::Failure;
use crate::database::{self, SCHEMA};

/// Ten columns of fifty rows along the index over stage and close date.
pub const LIST: &str = "SELECT id, name, stage, \"type\", amount, probability, engaged_on, close_date, next_step, created_at \
     FROM t_bench.opportunity WHERE stage = $1 AND amount >= $2 AND deleted_at IS NULL ORDER BY close_date, id LIMIT 50";

/// Ten columns of one row.
pub const ONE: &str = "SELECT id, name, \"type\", tier, industry, website, phone, employees, annual_revenue, founded_year \
     FROM t_bench.account WHERE id = $1 AND deleted_at IS NULL";

/// Twenty accounts with five opportunities each and their products, as JSON made by PostgreSQL.
pub const NESTED: &str = "SELECT coalesce(json_agg(s), '[]')::text FROM ( \
       SELECT a.id, a.name, ( \
         SELECT json_build_object('nodes', coalesce(json_agg(t), '[]')) FROM ( \
           SELECT o.id, o.name, trim_scale(o.amount)::text AS amount, o.close_date AS \"closeDate\", ( \
             SELECT row_to_json(u) FROM ( \
               SELECT p.id, p.name FROM t_bench.product p WHERE p.id = o.product AND p.deleted_at IS NULL) u) AS product \
           FROM t_bench.opportunity o WHERE o.account = a.id AND o.deleted_at IS NULL \
           ORDER BY o.close_date DESC, o.id DESC LIMIT 5) t) AS opportunities \
       FROM t_bench.account a WHERE a.tier = 'A' AND a.name >= $1 AND a.deleted_at IS NULL ORDER BY a.name, a.id LIMIT 20) s";

/// Count and sum by stage and quarter, in one scan.
pub const GROUPS: &str = "SELECT stage, date_trunc('quarter', close_date::timestamp)::date AS quarter, count(*), sum(amount) \
     FROM t_bench.opportunity WHERE deleted_at IS NULL GROUP BY 1, 2 ORDER BY 1, 2";

/// A page far behind: the keys are skipped over along the index, and only the page's own rows are fetched.
pub const OFFSET: &str = "SELECT a.id, a.subject, a.\"type\", a.direction, a.aim, a.happened_at, a.outcome, a.location, a.notes, a.created_at \
     FROM (SELECT id, happened_at FROM t_bench.activity WHERE deleted_at IS NULL \
           ORDER BY happened_at DESC, id DESC OFFSET $1 LIMIT 50) k \
     JOIN t_bench.activity a ON a.id = k.id ORDER BY k.happened_at DESC, k.id DESC";

/// The page behind a position, along the same index.
pub const CURSOR: &str = "SELECT id, subject, \"type\", direction, aim, happened_at, outcome, location, notes, created_at \
     FROM t_bench.activity WHERE (happened_at, id) < ($1, $2) AND deleted_at IS NULL ORDER BY happened_at DESC, id DESC LIMIT 50";

/// A change of one row, with its history and its event.
pub const UPDATE: &str = "WITH old AS (SELECT id, next_step, amount FROM t_bench.opportunity \
       WHERE id = $1 AND deleted_at IS NULL FOR UPDATE), \
     new AS (UPDATE t_bench.opportunity o SET next_step = $2, amount = $3, updated_at = now(), version = o.version + 1 \
       FROM old WHERE o.id = old.id RETURNING o.id, o.name, o.next_step, o.amount, o.version), \
     changed AS (SELECT json_build_object('nextStep', json_build_array(old.next_step, new.next_step), \
       'amount', json_build_array(trim_scale(old.amount)::text, trim_scale(new.amount)::text))::text AS changes \
       FROM old, new), \
     kept AS (INSERT INTO t_bench.history (id, object, record, version, at, actor, door, kind, changes) \
       SELECT $4, 'opportunity', new.id, new.version, now(), 'key:bench', 'graphql', 'updated', changes FROM new, changed), \
     sent AS (INSERT INTO t_bench.outbox (id, at, object, record, version, kind, payload) \
       SELECT $5, now(), 'opportunity', new.id, new.version, 'updated', changes FROM new, changed) \
     SELECT id, name, next_step, amount FROM new";

/// Statements that depend on which columns have a folded twin.
pub struct Statements {
    /// A new contact, with its history and its event: `$1` id, `$2` to `$8` its values, `$9` and `$10` ids of the other rows.
    pub create: &'static str,
    deals: [deal::Statements; 2],
}

impl Statements {
    /// Looks at the tables once.
    pub async fn read(pool: &PgPool) -> Result<Self, Failure> {
        let contact = database::columns(pool, "contact").await?;
        // The statements live as long as the process: that is what the driver's cache of prepared ones wants.
        let deals = [deal::Statements::of("deal", false), deal::Statements::of("trade", true)];
        Ok(Self { create: Box::leak(create(&contact).into_boxed_str()), deals })
    }

    /// Those of deals, or of trades.
    pub fn of_deals(&self, table: &str) -> &deal::Statements {
        let [deals, trades] = &self.deals;
        if table == "trade" { trades } else { deals }
    }
}

/// Columns of a new contact and the values that go into them.
const CONTACT: [(&str, &str); 7] = [
    ("name", "$2"),
    ("first_name", "$3"),
    ("last_name", "$4"),
    ("email", "$5"),
    ("job_title", "$6"),
    ("phone", "$7"),
    ("account", "$8"),
];

fn create(contact: &HashSet<String>) -> String {
    let mut columns =
        vec!["id".to_owned(), "created_at".to_owned(), "updated_at".to_owned(), "version".to_owned()];
    let mut values = vec!["$1".to_owned(), "now()".to_owned(), "now()".to_owned(), "1".to_owned()];
    columns.push("do_not_contact".to_owned());
    values.push("false".to_owned());
    for (column, value) in CONTACT {
        columns.push(column.to_owned());
        values.push(value.to_owned());
        let folded = format!("{column}_folded");
        if contact.contains(&folded) {
            columns.push(folded);
            values.push(format!("lower({value}::text)"));
        }
    }
    format!(
        "WITH new AS (INSERT INTO {SCHEMA}.contact ({}) VALUES ({}) RETURNING id, name, email), \
         changed AS (SELECT json_build_object('name', json_build_array(null, $2), 'firstName', json_build_array(null, $3), \
           'lastName', json_build_array(null, $4), 'email', json_build_array(null, $5), 'jobTitle', json_build_array(null, $6), \
           'phone', json_build_array(null, $7), 'account', json_build_array(null, $8), \
           'doNotContact', json_build_array(null, false))::text AS changes), \
         kept AS (INSERT INTO {SCHEMA}.history (id, object, record, version, at, actor, door, kind, changes) \
           SELECT $9, 'contact', $1, 1, now(), 'key:bench', 'graphql', 'created', changes FROM changed), \
         sent AS (INSERT INTO {SCHEMA}.outbox (id, at, object, record, version, kind, payload) \
           SELECT $10, now(), 'contact', $1, 1, 'created', changes FROM changed) \
         SELECT name, email FROM new",
        columns.join(", "),
        values.join(", ")
    )
}
