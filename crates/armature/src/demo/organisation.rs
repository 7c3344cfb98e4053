//! The maker of business software itself: its people in teams under managers, and what it sells.

use query::request::RecordData;

use super::random::Chance;
use super::rows::{money, one, record, text, truth, user};
use super::words::{FAMILY, FIRST, GIVEN, LAST};

/// One of the six teams.
pub struct Team {
    pub name: &'static str,
    /// Added to the chance to win, in permille.
    pub strength: i32,
    /// Whether its people and customers are Chinese.
    pub chinese: bool,
}

/// The teams; their order is the number by which sellers and customers refer to them.
pub const TEAMS: [Team; 6] = [
    Team { name: "East Coast", strength: 40, chinese: false },
    Team { name: "West Coast", strength: -30, chinese: false },
    Team { name: "United Kingdom", strength: 70, chinese: false },
    Team { name: "Continent", strength: 0, chinese: false },
    Team { name: "华东", strength: 90, chinese: true },
    Team { name: "Asia Pacific", strength: -60, chinese: false },
];

/// Salespeople in each team: thirty in all.
pub const TEAM_SIZE: usize = 5;

/// Something that is sold.
pub struct Product {
    pub code: &'static str,
    pub name: &'static str,
    pub family: &'static str,
    pub price: u32,
    /// How often it is asked for, against the others.
    pub demand: u32,
    /// Chance to win, in permille, before team, seller and season.
    pub win: u32,
    /// Days from first talk to decision, in the middle.
    pub days: u32,
}

/// The seven products.
pub const PRODUCTS: [Product; 7] = [
    Product {
        code: "LEDGER",
        name: "Tallis Ledger",
        family: "software",
        price: 12_000,
        demand: 22,
        win: 560,
        days: 70,
    },
    Product {
        code: "PAYROLL",
        name: "Tallis Payroll",
        family: "software",
        price: 8_400,
        demand: 18,
        win: 610,
        days: 55,
    },
    Product {
        code: "STORE",
        name: "Tallis Storefront",
        family: "software",
        price: 4_800,
        demand: 20,
        win: 520,
        days: 35,
    },
    Product {
        code: "STOCK",
        name: "Tallis Warehouse",
        family: "software",
        price: 22_000,
        demand: 12,
        win: 480,
        days: 95,
    },
    Product {
        code: "INSIGHT",
        name: "Tallis Insight",
        family: "software",
        price: 15_000,
        demand: 14,
        win: 430,
        days: 80,
    },
    Product {
        code: "DESK",
        name: "Tallis Helpdesk",
        family: "service",
        price: 3_600,
        demand: 13,
        win: 660,
        days: 28,
    },
    Product {
        code: "SUITE",
        name: "Tallis Enterprise Suite",
        family: "software",
        price: 96_000,
        demand: 1,
        win: 340,
        days: 150,
    },
];

/// A salesperson, as the rest of the data set needs to know one.
pub struct Seller {
    pub email: String,
    pub team: usize,
    /// Share of the team's work, against the others.
    pub diligence: u32,
    /// Added to the chance to win, in permille.
    pub skill: i32,
}

/// People, teams and products.
pub struct Organisation {
    pub leaders: Vec<RecordData>,
    pub managers: Vec<RecordData>,
    pub teams: Vec<RecordData>,
    pub people: Vec<RecordData>,
    pub products: Vec<RecordData>,
    pub sellers: Vec<Seller>,
}

/// Draws the organisation.
pub fn organisation(seed: u64) -> Organisation {
    let mut chance = Chance::new(seed, "organisation");
    let chief = "vera.lindholm@tallis.example";
    let leaders = vec![record(vec![
        ("name", text("Vera Lindholm")),
        ("email", text(chief)),
        ("jobTitle", text("Sales Director")),
        ("active", truth(true)),
    ])];
    let mut out = Organisation {
        leaders,
        managers: Vec::new(),
        teams: Vec::new(),
        people: Vec::new(),
        products: products(),
        sellers: Vec::new(),
    };
    for (number, team) in TEAMS.iter().enumerate() {
        let (name, email) = colleague(team, number * (TEAM_SIZE + 1));
        out.managers.push(record(vec![
            ("name", text(name)),
            ("email", text(email.clone())),
            ("jobTitle", text("Sales Manager")),
            ("region", text(team.name)),
            ("manager", user(chief)),
            ("active", truth(true)),
        ]));
        out.teams.push(record(vec![
            ("name", text(team.name)),
            ("region", text(team.name)),
            ("leader", user(&email)),
        ]));
        for seat in 1..=TEAM_SIZE {
            let (name, seller) = colleague(team, number * (TEAM_SIZE + 1) + seat);
            out.people.push(record(vec![
                ("name", text(name)),
                ("email", text(seller.clone())),
                ("jobTitle", text("Account Executive")),
                ("region", text(team.name)),
                ("manager", user(&email)),
                ("team", one("name", team.name)),
                ("active", truth(true)),
            ]));
            let skill = i32::try_from(chance.below(161)).unwrap_or(0) - 80;
            out.sellers.push(Seller { email: seller, team: number, diligence: chance.between(5, 20), skill });
        }
    }
    out
}

/// Seats in the rota: the first of each team takes what marketing hands over, the second what goes straight to sales.
pub fn seats(sellers: &[Seller]) -> Vec<RecordData> {
    let seat =
        |(seller, desk): (&Seller, &str)| record(vec![("member", user(&seller.email)), ("desk", text(desk))]);
    let teams = sellers.chunks(TEAM_SIZE);
    teams.flat_map(|team| team.iter().zip(["sdr", "sales"])).map(seat).collect()
}

/// Name and address of a colleague; different numbers never share either.
fn colleague(team: &Team, number: usize) -> (String, String) {
    if team.chinese {
        let (family, family_latin) = FAMILY[number % FAMILY.len()];
        let (given, given_latin) = GIVEN[number % GIVEN.len()];
        (format!("{family}{given}"), format!("{given_latin}.{family_latin}@tallis.example"))
    } else {
        let (first, last) = (FIRST[number % FIRST.len()], LAST[(number * 5) % LAST.len()]);
        (
            format!("{first} {last}"),
            format!("{}.{}@tallis.example", first.to_lowercase(), last.to_lowercase()),
        )
    }
}

fn products() -> Vec<RecordData> {
    PRODUCTS
        .iter()
        .map(|product| {
            record(vec![
                ("code", text(product.code)),
                ("name", text(product.name)),
                ("family", text(product.family)),
                ("price", money(product.price)),
                ("cost", money(product.price / 5)),
                ("unit", text("licence per year")),
                ("active", truth(true)),
            ])
        })
        .collect()
}
