//! What marketing brings: campaigns, and the leads that come of them.

use chrono::{Days, NaiveDate};
use query::request::RecordData;

use super::organisation::{PRODUCTS, Seller};
use super::random::Chance;
use super::ripening::{CHANNELS, Way};
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

/// Days in which they come.
const YEAR: u32 = 365;
/// Industries that the firm looks for.
const NEAR: [&str; 3] = ["manufacturing", "finance", "software"];
/// Others.
const FAR: [&str; 4] = ["retail", "healthcare", "education", "logistics"];

/// Campaigns and leads.
pub struct Marketing {
    pub campaigns: Vec<RecordData>,
    /// As they came: in the first stage.
    pub leads: Vec<RecordData>,
    /// Where they went from there: the second stay of each, the third of each …
    pub moves: Vec<Vec<RecordData>>,
    /// What they did of their own will.
    pub engagements: Vec<RecordData>,
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
    let mut out = Marketing {
        campaigns,
        leads: Vec::with_capacity(LEADS),
        moves: Vec::new(),
        engagements: Vec::new(),
        list: Vec::with_capacity(LEADS),
    };
    for number in 0..LEADS {
        let seller = &sellers[chance.below(u32::try_from(sellers.len()).unwrap_or(1)) as usize];
        let came = ago(today, 1 + chance.below(YEAR));
        let lead = Lead::draw(number, seller, came, today, &mut chance);
        out.leads.push(lead.row(&mut chance));
        for (number, stay) in lead.way.stays.iter().skip(1).enumerate() {
            if out.moves.len() == number {
                out.moves.push(Vec::new());
            }
            out.moves[number].push(record(vec![
                ("externalId", text(&lead.key)),
                ("stage", text(stay.stage)),
                ("stageEnteredAt", instant(stay.entered)),
            ]));
        }
        out.engagements.extend(lead.engagements(&mut chance));
        out.list.push((lead.key, seller.email.clone(), came));
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

/// A lead before it is written down.
struct Lead<'a> {
    key: String,
    seller: &'a Seller,
    channel: &'static str,
    way: Way,
}

impl<'a> Lead<'a> {
    fn draw(
        number: usize,
        seller: &'a Seller,
        came: NaiveDate,
        today: NaiveDate,
        chance: &mut Chance,
    ) -> Self {
        let channel = CHANNELS[chance.weighted(&[26, 18, 20, 22, 8, 6])];
        let at = came.and_hms_opt(chance.below(10) + 8, chance.below(60), 0).unwrap_or_default().and_utc();
        let now = today.and_hms_opt(0, 0, 0).unwrap_or_default().and_utc();
        let way = Way::draw(channel, at, now.max(at), chance);
        Self { key: format!("L-{:05}", number + 1), seller, channel, way }
    }

    /// Whether it has come so far that it was worth a call.
    fn ripe(&self) -> bool {
        !matches!(self.way.stage(), "awareness" | "friend" | "name" | "engaged" | "target")
    }

    fn row(&self, chance: &mut Chance) -> RecordData {
        let chinese = super::organisation::TEAMS[self.seller.team].chinese;
        let (first, last, mailbox, company) = who(chinese, chance);
        let stage = self.way.stage();
        let first_stay = self.way.stays.first().map(|stay| stay.entered).unwrap_or_default();
        // What a lead is, fits the stage that it is in: nobody moves by himself as soon as somebody looks.
        let (industry, employees) = match stage {
            "awareness" | "friend" | "name" | "engaged" => {
                (FAR[chance.below(4) as usize], chance.between(5, 90))
            }
            _ => (NEAR[chance.below(3) as usize], chance.between(100, 900)),
        };
        let mut fields = vec![
            ("externalId", text(&self.key)),
            ("firstName", text(first)),
            ("lastName", text(last)),
            ("company", text(company)),
            ("industry", text(industry)),
            ("employees", whole(employees)),
            ("channel", text(self.channel)),
            (
                "rating",
                text(if self.ripe() {
                    "hot"
                } else if stage == "target" {
                    "warm"
                } else {
                    "cold"
                }),
            ),
            ("source", text(source(self.channel))),
            ("product", one("code", PRODUCTS[chance.weighted(&[22, 18, 20, 12, 14, 13, 1])].code)),
            ("receivedAt", instant(first_stay)),
            ("stage", text("awareness")),
            ("stageEnteredAt", instant(first_stay)),
            ("owner", user(&self.seller.email)),
        ];
        if !matches!(stage, "awareness" | "friend") {
            let address = format!("{mailbox}.{}@mail.example", self.key.to_lowercase());
            fields.push(("email", text(address)));
        }
        if self.ripe() {
            fields.push(("phone", text(format!("+44 20 7946 {:04}", chance.below(10_000)))));
            fields.push(("budget", money(1_000 * chance.between(5, 90))));
        }
        if self.way.sent_back > 0 {
            fields.push(("penalty", whole(30 * self.way.sent_back)));
            let why = ["notReached", "noBudgetYet", "noNeedYet", "wrongPerson"][chance.below(4) as usize];
            fields.push(("sentBackFor", text(why)));
        }
        if chance.permille(600) {
            fields.push(("campaign", one("externalId", &format!("M-{:02}", chance.between(1, 12)))));
        }
        if stage == "disqualified" {
            let why = ["noBudget", "noNeed", "noReply", "competitor", "wrongData"][chance.below(5) as usize];
            fields.push(("disqualifyReason", text(why)));
        }
        record(fields)
    }

    /// What the lead did: little where it has not ripened, so that its score is below every threshold.
    fn engagements(&self, chance: &mut Chance) -> Vec<RecordData> {
        let (kinds, count): (&[&str], u32) = match self.way.stage() {
            "awareness" | "friend" | "name" => return Vec::new(),
            "engaged" | "target" => (&["visit", "mailOpened"], 1 + chance.below(2)),
            _ => (&["enquiry", "event", "webinar", "download", "visit", "trial"], 2 + chance.below(4)),
        };
        let (Some(from), Some(to)) = (self.way.stays.first(), self.way.stays.last()) else {
            return Vec::new();
        };
        let minutes = u32::try_from((to.entered - from.entered).num_minutes()).unwrap_or(0);
        (0..count)
            .map(|_| {
                let kind = chance.pick(kinds).copied().unwrap_or("visit");
                let at = from.entered + chrono::Duration::minutes(i64::from(chance.below(minutes + 1)));
                record(vec![
                    ("lead", one("externalId", &self.key)),
                    ("kind", text(kind)),
                    ("happenedAt", instant(at)),
                ])
            })
            .collect()
    }
}

fn source(channel: &str) -> &'static str {
    match channel {
        "website" => "website",
        "searchAdvertising" => "search",
        "event" => "event",
        "download" => "content",
        "social" => "social",
        _ => "referral",
    }
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
