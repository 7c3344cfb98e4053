//! The customers: accounts, some of which belong to a group, and the people who work there.

use query::request::RecordData;

use super::organisation::{Seller, TEAM_SIZE};
use super::random::Chance;
use super::rows::{address, money, one, record, text, user, whole};
use super::words::{COMPANIES, Company, FAMILY, FIRST, GIVEN, LAST, POSITIONS};

/// So many of the companies, the first in the list, are groups.
const GROUPS: usize = 15;

/// An account, as the rest of the data set needs to know one.
pub struct Customer {
    pub key: String,
    pub name: &'static str,
    pub team: usize,
    /// Share of all business, against the others.
    pub size: u32,
    /// External ids of its contacts.
    pub contacts: Vec<String>,
}

/// Accounts and contacts.
pub struct Customers {
    pub groups: Vec<RecordData>,
    pub members: Vec<RecordData>,
    pub contacts: Vec<RecordData>,
    pub list: Vec<Customer>,
}

/// Draws the customers.
pub fn customers(seed: u64, sellers: &[Seller]) -> Customers {
    let mut chance = Chance::new(seed, "customers");
    let mut out =
        Customers { groups: Vec::new(), members: Vec::new(), contacts: Vec::new(), list: Vec::new() };
    for (number, company) in COMPANIES.iter().enumerate() {
        let key = format!("A-{:03}", number + 1);
        let team = team_of(company, &mut chance);
        let owner = &sellers_of(sellers, team)[number % TEAM_SIZE].email;
        let size = chance.between(1, 30);
        let row = account(company, &key, owner, size, parent(number, &mut chance).as_deref(), &mut chance);
        if number < GROUPS {
            out.groups.push(row);
        } else {
            out.members.push(row);
        }
        let mut customer = Customer { key, name: company.0, team, size, contacts: Vec::new() };
        for place in 0..chance.between(1, 4) {
            let contact = format!("C-{:04}", out.contacts.len() + 1);
            out.contacts.push(person(company, &contact, &customer.key, owner, (number * 4) + place as usize));
            customer.contacts.push(contact);
        }
        out.list.push(customer);
    }
    out
}

/// The sellers of one team.
pub fn sellers_of(sellers: &[Seller], team: usize) -> Vec<&Seller> {
    sellers.iter().filter(|seller| seller.team == team).collect()
}

fn team_of(company: &Company, chance: &mut Chance) -> usize {
    match company.3 {
        "China" => 4,
        "United States" | "Canada" => usize::from(chance.permille(450)),
        "United Kingdom" | "Ireland" => 2,
        "Singapore" | "Australia" => 5,
        _ => 3,
    }
}

fn parent(number: usize, chance: &mut Chance) -> Option<String> {
    let belongs = number >= GROUPS && chance.permille(250);
    belongs.then(|| format!("A-{:03}", chance.between(1, 15)))
}

fn account(
    company: &Company,
    key: &str,
    owner: &str,
    size: u32,
    parent: Option<&str>,
    chance: &mut Chance,
) -> RecordData {
    let (name, domain, industry, country, city) = *company;
    let tier = match size {
        20.. => "A",
        8..20 => "B",
        _ => "C",
    };
    let employees = size * chance.between(20, 90);
    let mut fields = vec![
        ("externalId", text(key)),
        ("name", text(name)),
        ("type", text("customer")),
        ("tier", text(tier)),
        ("industry", text(industry)),
        ("website", text(format!("https://www.{domain}.example"))),
        ("phone", text(phone(country, chance))),
        ("employees", whole(employees)),
        ("annualRevenue", money(employees * chance.between(40, 180) * 1000)),
        ("foundedYear", whole(chance.between(1921, 2021))),
        ("address", address(city, country)),
        ("owner", user(owner)),
    ];
    if let Some(parent) = parent {
        fields.push(("parent", one("externalId", parent)));
    }
    record(fields)
}

fn phone(country: &str, chance: &mut Chance) -> String {
    let code = match country {
        "China" => "+86 21",
        "United States" | "Canada" => "+1 555",
        "United Kingdom" => "+44 20",
        _ => "+49 30",
    };
    format!("{code} 0{:07}", chance.below(10_000_000))
}

fn person(company: &Company, key: &str, account: &str, owner: &str, number: usize) -> RecordData {
    let (title, department, role) = POSITIONS[number % POSITIONS.len()];
    let (first, last, mailbox) = if company.3 == "China" {
        let (family, family_latin) = FAMILY[(number / 3) % FAMILY.len()];
        let (given, given_latin) = GIVEN[number % GIVEN.len()];
        (given, family, format!("{given_latin}.{family_latin}"))
    } else {
        let (first, last) = (FIRST[(number * 7) % FIRST.len()], LAST[(number * 11) % LAST.len()]);
        (first, last, format!("{}.{}", first.to_lowercase(), last.to_lowercase()))
    };
    record(vec![
        ("externalId", text(key)),
        ("firstName", text(first)),
        ("lastName", text(last)),
        ("account", one("externalId", account)),
        ("jobTitle", text(title)),
        ("department", text(department)),
        ("role", text(role)),
        ("email", text(format!("{mailbox}@{}.example", company.1))),
        ("owner", user(owner)),
    ])
}
