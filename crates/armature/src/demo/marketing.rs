//! What marketing brings: campaigns, and the leads that come of them.

use chrono::{Days, NaiveDate};
use query::request::RecordData;

use super::organisation::{PRODUCTS, Seller};
use super::random::Chance;
use super::rows::{day, instant, money, one, record, text, user, whole};
use super::sales::DAYS;
use super::words::{FAMILY, FIRST, GIVEN, LAST};

/// How many leads there are.
pub const LEADS: usize = 3_000;

/// Campaigns: kind, name, cost.
const CAMPAIGNS: [(&str, &str, u32); 12] = [
    ("webinar", "Close the books in three days", 4_000),
    ("event", "Retail Forum London", 38_000),
    ("content", "Guide: warehouse without paper", 6_500),
    ("advertisement", "Search: payroll software", 52_000),
    ("event", "上海企业数字化峰会", 45_000),
    ("email", "Spring letter to finance", 1_800),
    ("social", "Customer stories", 9_000),
    ("referral", "Bring a colleague", 12_000),
    ("webinar", "Payroll across borders", 4_500),
    ("event", "Logistics Days Hamburg", 41_000),
    ("content", "Checklist: choosing a suite", 5_500),
    ("email", "Year-end offer", 2_200),
];

/// Industries that leads come from.
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

/// Campaigns and leads.
pub struct Marketing {
    pub campaigns: Vec<RecordData>,
    pub leads: Vec<RecordData>,
    /// External id of each lead, its owner, the day it came.
    pub list: Vec<(String, String, NaiveDate)>,
}

/// Draws campaigns and leads.
pub fn marketing(seed: u64, today: NaiveDate, sellers: &[Seller]) -> Marketing {
    let mut chance = Chance::new(seed, "marketing");
    let campaigns = CAMPAIGNS
        .iter()
        .enumerate()
        .map(|(number, campaign)| campaign_row(number, campaign, today))
        .collect();
    let mut out = Marketing { campaigns, leads: Vec::with_capacity(LEADS), list: Vec::with_capacity(LEADS) };
    for number in 0..LEADS {
        let seller = &sellers[chance.below(u32::try_from(sellers.len()).unwrap_or(1)) as usize];
        let came = ago(today, chance.below(DAYS));
        let key = format!("L-{:05}", number + 1);
        out.leads.push(lead(&key, seller, came, today, &mut chance));
        out.list.push((key, seller.email.clone(), came));
    }
    out
}

fn ago(today: NaiveDate, days: u32) -> NaiveDate {
    today.checked_sub_days(Days::new(u64::from(days))).unwrap_or(today)
}

fn campaign_row(number: usize, campaign: &(&str, &str, u32), today: NaiveDate) -> RecordData {
    let (kind, name, cost) = *campaign;
    let start = ago(today, DAYS - u32::try_from(number).unwrap_or(0) * 60);
    record(vec![
        ("externalId", text(format!("M-{:02}", number + 1))),
        ("name", text(name)),
        ("type", text(kind)),
        ("status", text(if number < 11 { "completed" } else { "active" })),
        ("startDate", day(start)),
        ("endDate", day(start.checked_add_days(Days::new(45)).unwrap_or(start))),
        ("budget", money(cost + cost / 10)),
        ("cost", money(cost)),
        ("expectedResponses", whole(cost / 100)),
    ])
}

fn lead(key: &str, seller: &Seller, came: NaiveDate, today: NaiveDate, chance: &mut Chance) -> RecordData {
    let chinese = super::organisation::TEAMS[seller.team].chinese;
    let (first, last, mailbox, company) = who(chinese, chance);
    let age = (today - came).num_days();
    let status = status(age, chance);
    let points = match status {
        "new" => chance.below(40),
        "working" | "nurturing" => chance.between(20, 69),
        "disqualified" => chance.below(60),
        _ => chance.between(60, 100),
    };
    let rating = match points {
        70.. => "hot",
        35..70 => "warm",
        _ => "cold",
    };
    let mut fields = vec![
        ("externalId", text(key)),
        ("firstName", text(first)),
        ("lastName", text(last)),
        ("company", text(company)),
        ("email", text(format!("{mailbox}.{}@mail.example", key.to_lowercase()))),
        ("industry", text(INDUSTRIES[chance.below(8) as usize])),
        ("employees", whole(chance.between(5, 2_000))),
        ("stage", text(status)),
        ("rating", text(rating)),
        ("points", whole(points)),
        (
            "source",
            text(
                ["website", "search", "event", "webinar", "content", "referral"]
                    [chance.weighted(&[30, 22, 14, 12, 14, 8])],
            ),
        ),
        ("product", one("code", PRODUCTS[chance.weighted(&[22, 18, 20, 12, 14, 13, 1])].code)),
        (
            "receivedAt",
            instant(
                came.and_hms_opt(chance.below(10) + 8, chance.below(60), 0).unwrap_or_default().and_utc(),
            ),
        ),
        ("owner", user(&seller.email)),
    ];
    if chance.permille(600) {
        fields.push(("campaign", one("externalId", &format!("M-{:02}", chance.between(1, 12)))));
    }
    if status == "disqualified" {
        fields.push((
            "disqualifyReason",
            text(["noBudget", "noNeed", "noReply", "competitor", "wrongData"][chance.below(5) as usize]),
        ));
    }
    record(fields)
}

fn who(chinese: bool, chance: &mut Chance) -> (String, String, String, String) {
    if chinese {
        let (family, family_latin) = *chance.pick(FAMILY).unwrap_or(&("王", "wang"));
        let (given, given_latin) = *chance.pick(GIVEN).unwrap_or(&("伟", "wei"));
        let place = ["东方", "新华", "恒信", "天元", "宏达", "瑞丰"][chance.below(6) as usize];
        let trade =
            ["贸易有限公司", "科技有限公司", "制造有限公司", "商贸有限公司"][chance.below(4) as usize];
        (
            given.to_owned(),
            family.to_owned(),
            format!("{given_latin}.{family_latin}"),
            format!("{place}{trade}"),
        )
    } else {
        let first = *chance.pick(FIRST).unwrap_or(&"Ada");
        let last = *chance.pick(LAST).unwrap_or(&"Hale");
        let firm = *chance.pick(LAST).unwrap_or(&"Hale");
        let trade = ["& Sons", "Trading", "Systems", "Group", "Partners", "Works"][chance.below(6) as usize];
        (
            first.to_owned(),
            last.to_owned(),
            format!("{}.{}", first.to_lowercase(), last.to_lowercase()),
            format!("{firm} {trade}"),
        )
    }
}

fn status(age: i64, chance: &mut Chance) -> &'static str {
    const STATES: [&str; 6] = ["new", "working", "nurturing", "qualified", "converted", "disqualified"];
    let weights = match age {
        ..14 => [70, 20, 5, 5, 0, 0],
        14..60 => [12, 34, 20, 18, 8, 8],
        _ => [1, 6, 26, 9, 28, 30],
    };
    STATES[chance.weighted(&weights)]
}
