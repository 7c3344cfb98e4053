//! Two years of opportunities: seasons, durations and chances to win that differ by product, team and seller.

use chrono::{DateTime, Datelike, Days, NaiveDate, Utc};
use query::request::RecordData;

use super::customers::{Customer, sellers_of};
use super::organisation::{PRODUCTS, Product, Seller, TEAMS};
use super::random::Chance;
use super::rows::{day, instant, money, one, percent, record, text, user};

/// How many opportunities there are.
pub const OPPORTUNITIES: usize = 8_800;

/// How many days the data set goes back.
pub const DAYS: u32 = 730;

/// Business by month, January first: weak summers, a strong end of each quarter.
const SEASON: [u32; 12] = [7, 8, 12, 8, 9, 12, 6, 5, 12, 10, 11, 13];

/// An opportunity, as the rest of the data set needs to know one.
pub struct Sale {
    pub key: String,
    pub owner: String,
    pub contact: String,
    pub engaged: NaiveDate,
    pub closed: Option<NaiveDate>,
}

/// Opportunities as rows, and what touches need to know of them.
pub struct Sales {
    pub opportunities: Vec<RecordData>,
    pub list: Vec<Sale>,
}

/// Draws the opportunities.
pub fn sales(seed: u64, today: NaiveDate, customers: &[Customer], sellers: &[Seller]) -> Sales {
    let mut chance = Chance::new(seed, "sales");
    let sizes: Vec<u32> = customers.iter().map(|customer| customer.size).collect();
    let demand: Vec<u32> = PRODUCTS.iter().map(|product| product.demand).collect();
    let mut days = engagement_days(today, &mut chance);
    days.sort_unstable();
    let mut out =
        Sales { opportunities: Vec::with_capacity(OPPORTUNITIES), list: Vec::with_capacity(OPPORTUNITIES) };
    for (number, engaged) in days.into_iter().enumerate() {
        let customer = &customers[chance.weighted(&sizes)];
        let product = &PRODUCTS[chance.weighted(&demand)];
        let team = sellers_of(sellers, customer.team);
        let shares: Vec<u32> = team.iter().map(|seller| seller.diligence).collect();
        let deal = Deal { customer, product, seller: team[chance.weighted(&shares)], engaged, today };
        let (row, sale) = deal.draw(number, &mut chance);
        out.opportunities.push(row);
        out.list.push(sale);
    }
    out
}

fn engagement_days(today: NaiveDate, chance: &mut Chance) -> Vec<NaiveDate> {
    let mut out = Vec::with_capacity(OPPORTUNITIES);
    while out.len() < OPPORTUNITIES {
        let back = chance.below(DAYS);
        let engaged = before(today, back);
        let season = SEASON[engaged.month0() as usize];
        // The firm grows: the last days of the two years see half as much again as the first.
        let growth = 1000 - back * 333 / DAYS;
        let weekend = engaged.weekday().num_days_from_monday() >= 5;
        if !weekend && chance.permille(season * 75) && chance.permille(growth) {
            out.push(engaged);
        }
    }
    out
}

fn before(today: NaiveDate, days: u32) -> NaiveDate {
    today.checked_sub_days(Days::new(u64::from(days))).unwrap_or(today)
}

fn after(date: NaiveDate, days: u32) -> NaiveDate {
    date.checked_add_days(Days::new(u64::from(days))).unwrap_or(date)
}

/// What decides how a deal goes.
struct Deal<'a> {
    customer: &'a Customer,
    product: &'a Product,
    seller: &'a Seller,
    engaged: NaiveDate,
    today: NaiveDate,
}

impl Deal<'_> {
    fn draw(&self, number: usize, chance: &mut Chance) -> (RecordData, Sale) {
        let key = format!("S-{:05}", number + 1);
        let length = chance.around(self.product.days);
        let close = after(self.engaged, length);
        let stage = self.stage(close, length, chance);
        let contact = chance.pick(&self.customer.contacts).cloned().unwrap_or_default();
        let mut fields = vec![
            ("externalId", text(key.clone())),
            ("name", text(format!("{} · {}", self.customer.name, self.product.name))),
            ("account", one("externalId", &self.customer.key)),
            ("contact", one("externalId", &contact)),
            ("product", one("code", self.product.code)),
            ("type", text(if chance.permille(640) { "newBusiness" } else { "expansion" })),
            ("stage", text(stage.0)),
            ("stageEnteredAt", instant(self.since(stage.0, close, length))),
            ("amount", money(self.amount(chance))),
            ("probability", percent(stage.1)),
            ("engagedOn", day(self.engaged)),
            ("closeDate", day(close)),
            ("source", text(SOURCES[chance.weighted(&[30, 22, 14, 12, 10, 12])])),
            ("owner", user(&self.seller.email)),
        ];
        if stage.0 == "lost" {
            fields.push(("lossReason", text(REASONS[chance.weighted(&[30, 15, 18, 25, 12])])));
        }
        let over = matches!(stage.0, "won" | "lost");
        let owner = self.seller.email.clone();
        (record(fields), Sale { key, owner, contact, engaged: self.engaged, closed: over.then_some(close) })
    }

    /// Since when it stands there: as long as its time has gone on beyond where the stage begins.
    fn since(&self, stage: &str, close: NaiveDate, length: u32) -> DateTime<Utc> {
        let date = match stage {
            "prospecting" => self.engaged,
            "qualification" => after(self.engaged, length * 20 / 100),
            "proposal" => after(self.engaged, length * 45 / 100),
            "negotiation" => after(self.engaged, length * 75 / 100),
            _ => close,
        };
        date.min(self.today).and_hms_opt(0, 0, 0).unwrap_or_default().and_utc()
    }

    /// Stage and probability. A deal whose end lies in the future stands where its time says.
    fn stage(&self, close: NaiveDate, length: u32, chance: &mut Chance) -> (&'static str, u32) {
        if close > self.today {
            let past = u32::try_from((self.today - self.engaged).num_days()).unwrap_or(0);
            return match past * 100 / length {
                0..20 => ("prospecting", 10),
                20..45 => ("qualification", 25),
                45..75 => ("proposal", 50),
                _ => ("negotiation", 75),
            };
        }
        let quarter_end = if close.month0() % 3 == 2 { 40 } else { 0 };
        let odds = i32::try_from(self.product.win).unwrap_or(0)
            + TEAMS[self.customer.team].strength
            + self.seller.skill
            + quarter_end;
        if chance.permille(u32::try_from(odds.clamp(50, 950)).unwrap_or(50)) {
            ("won", 100)
        } else {
            ("lost", 0)
        }
    }

    /// The list price within a fifth, times a few licences for large customers.
    fn amount(&self, chance: &mut Chance) -> u32 {
        let licences = 1 + chance.below(1 + self.customer.size / 10);
        self.product.price * chance.between(80, 110) / 100 * licences
    }
}

const SOURCES: [&str; 6] = ["website", "referral", "event", "search", "partner", "email"];
const REASONS: [&str; 5] = ["price", "product", "timing", "competitor", "noDecision"];
