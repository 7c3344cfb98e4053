//! Records of the business, who sees them by the letter of the roles, and twins of them that differ only in what somebody does not see.
//! Written without a look at the planner: this is the oracle.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use uuid::Uuid;

use testing::Chance;

/// A user: number, country, team, manager.
pub type User = (u8, Option<&'static str>, Option<u8>, Option<u8>);

/// All of them.
pub const USERS: [User; 8] = [
    (0, Some("de"), Some(0), None),
    (1, Some("de"), Some(1), Some(0)),
    (2, Some("cn"), Some(1), Some(0)),
    (3, Some("us"), Some(2), Some(2)),
    (4, Some("cn"), Some(2), None),
    (5, None, None, Some(4)),
    (6, Some("de"), Some(2), Some(4)),
    (7, Some("us"), None, None),
];

pub fn id(kind: u8, number: usize) -> Uuid {
    Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0000 | (u128::from(kind) << 32) | number as u128)
}

pub fn user(number: u8) -> Uuid {
    id(1, usize::from(number))
}

pub fn team(number: u8) -> Uuid {
    id(2, usize::from(number))
}

pub fn team_of(me: u8) -> BTreeSet<u8> {
    let mine = USERS[usize::from(me)].2;
    USERS.iter().filter(|(_, _, team, _)| mine.is_some() && *team == mine).map(|(user, ..)| *user).collect()
}

pub fn below(me: u8) -> BTreeSet<u8> {
    let mut found = BTreeSet::new();
    loop {
        let before = found.len();
        for (user, _, _, manager) in USERS {
            if manager.is_some_and(|manager| manager == me || found.contains(&manager)) {
                found.insert(user);
            }
        }
        if found.len() == before {
            return found;
        }
    }
}

/// A record: its cells by column, as an import reads them.
pub type Cells = BTreeMap<&'static str, String>;

/// The records of each object, by id.
#[derive(Clone, Debug, Default)]
pub struct Data {
    pub objects: BTreeMap<&'static str, BTreeMap<Uuid, Cells>>,
    /// Contact and deal.
    pub links: BTreeSet<(Uuid, Uuid)>,
}

/// In the order in which they can be imported.
pub const OBJECTS: [&str; 5] = ["vault", "account", "deal", "note", "contact"];
const COUNTS: [usize; 5] = [4, 24, 60, 50, 20];
pub const COUNTRIES: [&str; 4] = ["de", "cn", "us", ""];
pub const WORDS: [&str; 8] = ["alpha", "Beta", "gamma", "delta", "éclair", "alpha beta", "客户", "zz"];

fn some(chance: &mut Chance, ids: &[Uuid]) -> String {
    if chance.one_in(5) { String::new() } else { chance.pick(ids).to_string() }
}

fn ids(kind: u8, count: usize) -> Vec<Uuid> {
    (0..count).map(|number| id(kind, number)).collect()
}

impl Data {
    pub fn new(seed: u64) -> Self {
        let chance = &mut Chance::new(seed);
        let mut data = Self::default();
        for (kind, object) in (10..).zip(OBJECTS) {
            for number in 0..COUNTS[usize::from(kind) - 10] {
                data.put(object, id(kind, number), chance);
            }
        }
        let (contacts, deals) = (ids(14, COUNTS[4]), ids(12, COUNTS[2]));
        for _ in 0..40 {
            data.links.insert((*chance.pick(&contacts), *chance.pick(&deals)));
        }
        data
    }

    fn put(&mut self, object: &'static str, id: Uuid, chance: &mut Chance) {
        let cells = random(object, id, chance);
        self.objects.entry(object).or_default().insert(id, cells);
    }

    pub fn cell(&self, object: &str, id: &str, column: &str) -> Option<&str> {
        let id: Uuid = id.parse().ok()?;
        self.objects.get(object)?.get(&id)?.get(column).map(String::as_str).filter(|text| !text.is_empty())
    }

    /// The ids that a user with a role sees.
    pub fn seen(&self, role: &str, me: u8) -> BTreeMap<&'static str, BTreeSet<Uuid>> {
        let mut seen: BTreeMap<&'static str, BTreeSet<Uuid>> = BTreeMap::new();
        for (object, records) in &self.objects {
            let ids =
                records.iter().filter(|(_, cells)| self.sees(role, me, object, cells)).map(|(id, _)| *id);
            seen.insert(object, ids.collect());
        }
        seen
    }

    pub fn sees(&self, role: &str, me: u8, object: &str, cells: &Cells) -> bool {
        let cell = |column: &str| cells.get(column).map(String::as_str).filter(|text| !text.is_empty());
        let owner = cell("owner.id");
        let belongs = |owner: Option<&str>, by: &BTreeSet<u8>| {
            owner.is_some_and(|owner| by.iter().any(|one| user(*one).to_string() == owner))
        };
        let (own, team, below) = (BTreeSet::from([me]), team_of(me), below(me));
        let country = USERS[usize::from(me)].1;
        let of_account = |column: &str| cell("account.id").and_then(|id| self.cell("account", id, column));
        let masters_owner = || cell("deal.id").and_then(|id| self.cell("deal", id, "owner.id"));
        let guest = || cell("stage") == Some("won") && matches!(of_account("tier"), Some("a" | "b"));
        match (role, object) {
            ("seller", "account") => {
                belongs(owner, &own) || (country.is_some() && cell("country") == country)
            }
            ("seller", "deal") => belongs(owner, &team),
            ("seller", "note") => belongs(masters_owner(), &own),
            ("seller", "contact") => country.is_some() && of_account("country") == country,
            ("manager", "account") => belongs(owner, &below),
            ("manager", "deal") => belongs(owner, &own) || belongs(owner, &below) || guest(),
            ("manager", "note") => belongs(masters_owner(), &below),
            ("analyst", "account" | "deal") => true,
            ("guest", "deal") => guest(),
            _ => false,
        }
    }

    /// Whether a user with a role may do something to a record as it is, seen or not.
    pub fn may(&self, role: &str, me: u8, act: &str, object: &str, cells: &Cells) -> bool {
        let owner = |text: Option<&str>, by: &BTreeSet<u8>| {
            text.is_some_and(|owner| by.iter().any(|one| user(*one).to_string() == owner))
        };
        let own = BTreeSet::from([me]);
        let theirs = cells.get("owner.id").map(String::as_str);
        let masters = cells.get("deal.id").and_then(|id| self.cell("deal", id, "owner.id"));
        match (role, object, act) {
            ("seller", "account", "create" | "update" | "delete")
            | ("seller", "deal", "create" | "delete") => owner(theirs, &own),
            ("seller", "deal", "update") => owner(theirs, &team_of(me)),
            ("seller", "note", "create" | "update" | "delete") => owner(masters, &own),
            ("seller", "contact", "create" | "update" | "delete") => true,
            ("manager", "account", "update") | ("manager", "deal", "update" | "delete") => {
                owner(theirs, &below(me))
            }
            ("manager", "note", "create" | "update" | "delete") => owner(masters, &below(me)),
            _ => false,
        }
    }

    /// Whether a role knows of an object at all.
    pub fn knows(role: &str, object: &str) -> bool {
        match role {
            "seller" => object != "vault",
            "manager" => matches!(object, "account" | "deal" | "note"),
            "analyst" => matches!(object, "account" | "deal"),
            _ => object == "deal",
        }
    }

    /// The same for somebody who sees these records, and as different as can be elsewhere: other values in hidden fields, other hidden records, other
    /// pointers at them. What scopes look at stays, for it decides what is seen.
    pub fn twin(&self, role: &str, me: u8, seed: u64) -> Self {
        let chance = &mut Chance::new(seed);
        let shown = self.seen(role, me);
        let mut twin = self.clone();
        for (object, records) in &self.objects {
            for (id, cells) in records {
                let visible = shown[object].contains(id);
                let fresh = random(object, *id, chance);
                let target = twin.objects.get_mut(object).and_then(|records| records.get_mut(id));
                let Some(target) = target else { continue };
                for (column, value) in fresh {
                    if may_differ(&shown, (object, cells, visible), column, &value) && !chance.one_in(3) {
                        target.insert(column, value);
                    }
                }
            }
        }
        twin.drop_some_hidden(&shown, chance);
        twin.relink(&shown, chance);
        assert_eq!(twin.seen(role, me), shown, "the twin shows the same records");
        twin
    }

    /// Takes hidden deals and notes away on which nothing visible rests.
    fn drop_some_hidden(&mut self, seen: &BTreeMap<&'static str, BTreeSet<Uuid>>, chance: &mut Chance) {
        let notes = self.objects["note"].clone();
        let of_seen_note = |deal: &Uuid| {
            notes.iter().any(|(id, cells)| seen["note"].contains(id) && cells["deal.id"] == deal.to_string())
        };
        let gone: Vec<Uuid> = self.objects["deal"]
            .keys()
            .filter(|id| !seen["deal"].contains(id) && !of_seen_note(id))
            .filter(|_| chance.one_in(3))
            .copied()
            .collect();
        for id in gone {
            self.objects.entry("deal").or_default().remove(&id);
            self.links.retain(|(_, deal)| *deal != id);
            self.objects.entry("note").or_default().retain(|_, cells| cells["deal.id"] != id.to_string());
        }
        for (number, object) in (0..3).zip(["deal", "deal", "account"]) {
            let new = id(if object == "deal" { 12 } else { 11 }, 900 + number);
            let mut cells = random(object, new, chance);
            // Nobody's, and in no state that a scope asks for.
            cells.insert("owner.id", String::new());
            cells.insert("stage", "lost".to_owned());
            cells.insert("country", "atlantis".to_owned());
            if object == "account" {
                cells.remove("stage");
            } else {
                cells.remove("country");
            }
            if !seen["account"].is_empty() && seen["account"].len() == COUNTS[1] {
                continue;
            }
            self.objects.entry(object).or_default().insert(new, cells);
        }
    }

    fn relink(&mut self, seen: &BTreeMap<&'static str, BTreeSet<Uuid>>, chance: &mut Chance) {
        let visible =
            |(contact, deal): &(Uuid, Uuid)| seen["contact"].contains(contact) && seen["deal"].contains(deal);
        self.links.retain(|link| visible(link) || !chance.one_in(2));
        let (contacts, deals): (Vec<Uuid>, Vec<Uuid>) = (
            self.objects["contact"].keys().copied().collect(),
            self.objects["deal"].keys().copied().collect(),
        );
        for _ in 0..20 {
            let link = (*chance.pick(&contacts), *chance.pick(&deals));
            if !visible(&link) {
                self.links.insert(link);
            }
        }
    }

    /// A file of an object's records.
    pub fn csv(&self, object: &str) -> String {
        let records = &self.objects[object];
        let Some(first) = records.values().next() else { return String::new() };
        let columns: Vec<&str> = first.keys().copied().collect();
        let mut out = format!("id,{}\n", columns.join(","));
        for (id, cells) in records {
            let cells: Vec<&str> =
                columns.iter().map(|column| cells.get(column).map_or("", String::as_str)).collect();
            let _ = writeln!(out, "{id},{}", cells.join(","));
        }
        out
    }
}

fn may_differ(
    seen: &BTreeMap<&'static str, BTreeSet<Uuid>>,
    (object, cells, visible): (&str, &Cells, bool),
    column: &str,
    value: &str,
) -> bool {
    let hidden = |target: &str, id: &str| {
        id.is_empty() || id.parse().is_ok_and(|id: Uuid| !seen[target].contains(&id))
    };
    match (object, column) {
        ("vault", _)
        | ("account", "revenue" | "secret")
        | ("deal", "cost" | "vault.id")
        | ("contact", "email") => true,
        // Scopes look at these.
        (_, "owner.id" | "country" | "tier" | "stage" | "deal.id")
        | ("contact", "account.id")
        | ("note", "about.account.id") => false,
        ("deal", "account.id") => {
            let won = cells.get("stage").is_some_and(|stage| stage == "won");
            !won && hidden("account", &cells[column]) && hidden("account", value)
        }
        ("account", "parent.id") => hidden("account", &cells[column]) && hidden("account", value),
        ("note", "about.vault.id") => cells["about.account.id"].is_empty(),
        _ => !visible,
    }
}

fn random(object: &str, own: Uuid, chance: &mut Chance) -> Cells {
    let users: Vec<Uuid> = USERS.iter().map(|(number, ..)| user(*number)).collect();
    let word = |chance: &mut Chance| (*chance.pick(&WORDS)).to_owned();
    let number = |chance: &mut Chance| {
        if chance.one_in(6) { String::new() } else { (chance.below(12) * 50).to_string() }
    };
    match object {
        "vault" => Cells::from([("name", word(chance)), ("code", word(chance))]),
        "account" => Cells::from([
            ("name", word(chance)),
            ("country", (*chance.pick(&COUNTRIES)).to_owned()),
            ("tier", (*chance.pick(&["a", "b", "c", ""])).to_owned()),
            ("revenue", number(chance)),
            ("secret", word(chance)),
            // Nobody's own parent, nor in a circle.
            (
                "parent.id",
                Some(some(chance, &ids(11, COUNTS[1])))
                    .filter(|id| *id < own.to_string())
                    .unwrap_or_default(),
            ),
            ("owner.id", some(chance, &users)),
        ]),
        "deal" => Cells::from([
            ("name", word(chance)),
            ("amount", number(chance)),
            ("cost", number(chance)),
            ("stage", (*chance.pick(&["open", "won", "lost", ""])).to_owned()),
            ("closeDate", format!("2026-0{}-15", 1 + chance.below(6))),
            ("hot", (*chance.pick(&["true", "false", ""])).to_owned()),
            ("tags", (*chance.pick(&["alpha", "alpha;zz", ""])).to_owned()),
            ("account.id", some(chance, &ids(11, COUNTS[1]))),
            ("vault.id", some(chance, &ids(10, COUNTS[0]))),
            ("owner.id", some(chance, &users)),
        ]),
        "note" => {
            let about = if chance.one_in(2) { some(chance, &ids(11, COUNTS[1])) } else { String::new() };
            let vault = if about.is_empty() { some(chance, &ids(10, COUNTS[0])) } else { String::new() };
            Cells::from([
                ("text", word(chance)),
                ("deal.id", chance.pick(&ids(12, COUNTS[2])).to_string()),
                ("about.account.id", about),
                ("about.vault.id", vault),
            ])
        }
        _ => Cells::from([
            ("name", word(chance)),
            (
                "email",
                if chance.one_in(4) { String::new() } else { format!("p{}@example.com", chance.below(900)) },
            ),
            ("account.id", some(chance, &ids(11, COUNTS[1]))),
        ]),
    }
}
