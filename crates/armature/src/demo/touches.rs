//! What people did and have still to do: activities of the past, tasks around today.

use chrono::{Days, NaiveDate};
use expr::{Duration, Value};
use query::request::{Input, RecordData};

use super::random::Chance;
use super::rows::{day, instant, one, one_of, record, text, truth, user};
use super::sales::Sale;

/// How many activities there are.
pub const ACTIVITIES: usize = 5_000;
/// How many tasks there are.
pub const TASKS: usize = 900;

/// Kind, subject, minutes, aim.
const KINDS: [(&str, &str, u32, &str); 6] = [
    ("call", "Call about the offer", 20, "winOrder"),
    ("email", "Sent the figures", 5, "winOrder"),
    ("meeting", "Meeting with purchasing", 60, "winOrder"),
    ("demo", "Product shown", 45, "winOrder"),
    ("message", "Short question answered", 5, "winOrder"),
    ("visit", "Visit on site", 120, "winOrder"),
];

/// Draws the activities: three of four belong to an opportunity, the rest to a lead.
pub fn activities(
    seed: u64,
    today: NaiveDate,
    sales: &[Sale],
    leads: &[(String, String, NaiveDate)],
) -> Vec<RecordData> {
    let mut chance = Chance::new(seed, "activities");
    (0..ACTIVITIES)
        .filter_map(|_| {
            if chance.permille(750) {
                let sale = chance.pick(sales)?;
                let end = sale.closed.unwrap_or(today);
                let mut row = touch(between(sale.engaged, end, &mut chance), &sale.owner, &mut chance);
                row.push(("related", one_of("opportunity", &sale.key)));
                row.push(("contact", one("externalId", &sale.contact)));
                Some(record(row))
            } else {
                let (key, owner, came) = chance.pick(leads)?;
                let mut row = touch(between(*came, today, &mut chance), owner, &mut chance);
                row.push(("related", one_of("lead", key)));
                Some(record(row))
            }
        })
        .collect()
}

fn between(start: NaiveDate, end: NaiveDate, chance: &mut Chance) -> NaiveDate {
    let days = u32::try_from((end - start).num_days().max(0)).unwrap_or(0);
    start.checked_add_days(Days::new(u64::from(chance.below(days + 1)))).unwrap_or(start)
}

fn touch(date: NaiveDate, owner: &str, chance: &mut Chance) -> Vec<(&'static str, Input)> {
    let (kind, subject, minutes, aim) = KINDS[chance.weighted(&[36, 28, 14, 9, 9, 4])];
    let at = date.and_hms_opt(8 + chance.below(10), chance.below(4) * 15, 0).unwrap_or_default().and_utc();
    let length = Duration::from_seconds(i64::from(minutes * chance.between(1, 3) * 60))
        .map_or(Value::Null, Value::Duration);
    let outcome = ["reached", "noAnswer", "interested", "followUp", "notInterested"]
        [chance.weighted(&[30, 20, 22, 20, 8])];
    vec![
        ("subject", text(subject)),
        ("type", text(kind)),
        ("aim", text(aim)),
        ("direction", text(if chance.permille(700) { "outbound" } else { "inbound" })),
        ("happenedAt", instant(at)),
        ("duration", Input::Value(length)),
        ("outcome", text(outcome)),
        ("owner", user(owner)),
    ]
}

/// Draws the tasks: due from four weeks ago to four weeks ahead, on opportunities that are open.
pub fn tasks(seed: u64, today: NaiveDate, sales: &[Sale]) -> Vec<RecordData> {
    const SUBJECTS: [&str; 5] =
        ["Call back", "Send the offer", "Prepare the demo", "Ask for the decision", "Check references"];
    let mut chance = Chance::new(seed, "tasks");
    let open: Vec<&Sale> = sales.iter().filter(|sale| sale.closed.is_none()).collect();
    (0..TASKS)
        .filter_map(|_| {
            let sale = *chance.pick(&open)?;
            let first = today.checked_sub_days(Days::new(28))?;
            let due = first.checked_add_days(Days::new(u64::from(chance.below(57))))?;
            let done = due < today && chance.permille(800);
            Some(record(vec![
                ("subject", text(*chance.pick(&SUBJECTS)?)),
                ("related", one_of("opportunity", &sale.key)),
                ("dueDate", day(due)),
                ("done", truth(done)),
                ("priority", text(["low", "normal", "high"][chance.weighted(&[2, 6, 2])])),
                ("owner", user(&sale.owner)),
            ]))
        })
        .collect()
}
