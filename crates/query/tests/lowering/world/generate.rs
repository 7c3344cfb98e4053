//! Random expressions over deals, as text.

use testing::Chance;

/// A condition.
pub fn condition(chance: &mut Chance, depth: u32) -> String {
    if depth == 0 {
        return simple_condition(chance);
    }
    let below = depth - 1;
    match chance.below(14) {
        0 => format!("({} && {})", condition(chance, below), condition(chance, below)),
        1 => format!("({} || {})", condition(chance, below), condition(chance, below)),
        2 => format!("!({})", condition(chance, below)),
        3 => format!(
            "(if {} {{ {} }} else {{ {} }})",
            condition(chance, below),
            condition(chance, below),
            condition(chance, below)
        ),
        4 => compare(chance, "== != < <= > >=", |c| decimal(c, below)),
        5 => compare(chance, "== != < <= > >=", |c| int(c, below)),
        6 => compare(chance, "== != < <= > >=", |c| text(c, below)),
        7 => compare(chance, "== != < <= > >=", |c| date(c, below)),
        8 => {
            let quantifier = *chance.pick(&["some", "every", "none"]);
            format!("{quantifier}(record.tasks, {})", task_condition(chance))
        }
        9 => format!("({} == null)", decimal(chance, below)),
        10 => format!("({} == {})", condition(chance, below), condition(chance, 0)),
        11 => {
            let function = *chance.pick(&["contains", "startsWith", "endsWith", "ilike", "like"]);
            format!("{function}({}, {})", text(chance, below), pattern(chance))
        }
        _ => simple_condition(chance),
    }
}

fn compare(chance: &mut Chance, operators: &str, operand: impl Fn(&mut Chance) -> String) -> String {
    let operators: Vec<&str> = operators.split(' ').collect();
    format!("({} {} {})", operand(chance), chance.pick(&operators), operand(chance))
}

fn simple_condition(chance: &mut Chance) -> String {
    let simple: &[&str] = &[
        "record.won == true",
        "record.won != false",
        "(record.hot ?? false)",
        "record.stage in [\"won\", \"lost\"]",
        "record.count in [1, 2, 3]",
        "record.amount in [0.000005, 1, 0.5]",
        "record.cost in [0.05, 1]",
        "record.stage == \"won\"",
        "record.stage != \"new\"",
        "differs(record.stage, \"new\")",
        "differs(record.cost, 0.055)",
        "record.cost < 0.055",
        "record.cost >= 0.045",
        "record.cost == 0.055",
        "record.amount > 0.3",
        "record.rate < 0.5",
        "record.effort >= duration(\"1h\")",
        "record.opensAt == time(\"08:01\")",
        "record.seenAt < dateTime(\"2024-03-01T00:00:00Z\")",
        "has(record.tags, \"a\")",
        "hasAny(record.tags, [\"É\", \"q\"])",
        "hasAll(record.markets, [\"de\", \"cn\"])",
        "isEmpty(record.tags)",
        "record.account == null",
        "record.owner != null",
        "record.account.tier == \"A\"",
        "record.account.parent.name == null",
        "record.account.employees > 1",
        "record.account.revenue <= 0.5",
        "isBlank(record.note)",
        "record.extra == null",
        "record.startDate < record.closeDate",
        "record.closeDate < today()",
        "record.address.city == \"É\"",
        "count(record.tasks) > 1",
        "some(record.tasks, record.done == true)",
    ];
    if chance.one_in(4) {
        let function = *chance.pick(&["contains", "startsWith", "endsWith", "ilike", "like"]);
        let subject = *chance.pick(&["record.name", "record.note", "record.account.name", "record.stage"]);
        return format!("{function}({subject}, {})", pattern(chance));
    }
    (*chance.pick(simple)).to_owned()
}

fn task_condition(chance: &mut Chance) -> String {
    let simple: &[&str] = &[
        "record.done == true",
        "record.points > 1",
        "record.price == null",
        "record.price * record.points < 1",
        "record.dueDate > date(\"2024-03-01\")",
        "record.deal.stage == \"won\"",
        "!(record.points <= 2)",
        "contains(record.name, \"A\")",
    ];
    (*chance.pick(simple)).to_owned()
}

fn pattern(chance: &mut Chance) -> String {
    (*chance.pick(&[
        "\"a\"",
        "\"A\"",
        "\"%\"",
        "\"_\"",
        "\"a%\"",
        "\"_b\"",
        "\"É\"",
        "\"é\"",
        "\"SS\"",
        "\"ß\"",
        "\"\\\\\"",
        "\"日\"",
        "\"\"",
        "\"%a%\"",
        "\"a\\\\_b\"",
        "\"i̇\"",
        "\"😀\"",
    ]))
    .to_owned()
}

/// A decimal.
pub fn decimal(chance: &mut Chance, depth: u32) -> String {
    if depth == 0 || chance.one_in(3) {
        let simple = [
            "record.amount",
            "record.cost",
            "1.5",
            "0.000001",
            "-2.25",
            "100.0",
            "record.account.revenue",
            "0.0",
        ];
        return (*chance.pick(&simple)).to_owned();
    }
    let below = depth - 1;
    match chance.below(11) {
        0 => format!("({} + {})", decimal(chance, below), decimal(chance, below)),
        1 => format!("({} - {})", decimal(chance, below), decimal(chance, below)),
        2 => format!("({} * {})", decimal(chance, below), decimal(chance, below)),
        3 => format!("({} / {})", decimal(chance, below), decimal(chance, below)),
        4 => format!("({} % {})", decimal(chance, below), decimal(chance, below)),
        5 => format!("round({}, {})", decimal(chance, below), chance.below(7)),
        6 => format!("({} / {})", int(chance, below), int(chance, below)),
        7 => format!("({} ?? {})", decimal(chance, below), decimal(chance, below)),
        8 => format!("abs({})", decimal(chance, below)),
        9 => format!(
            "(if {} {{ {} }} else {{ {} }})",
            condition(chance, 0),
            decimal(chance, below),
            decimal(chance, below)
        ),
        _ => format!("-({})", decimal(chance, below)),
    }
}

/// An int.
pub fn int(chance: &mut Chance, depth: u32) -> String {
    if depth == 0 || chance.one_in(3) {
        let simple = [
            "record.count",
            "record.rank",
            "2",
            "0",
            "-3",
            "record.account.employees",
            "count(record.tasks)",
        ];
        return (*chance.pick(&simple)).to_owned();
    }
    let below = depth - 1;
    match chance.below(13) {
        0 => format!("({} + {})", int(chance, below), int(chance, below)),
        1 => format!("({} - {})", int(chance, below), int(chance, below)),
        2 => format!("({} * {})", int(chance, below), int(chance, below)),
        3 => format!("({} % {})", int(chance, below), int(chance, below)),
        4 => format!("len({})", text(chance, below)),
        5 => format!("days({}, {})", date(chance, below), date(chance, below)),
        6 => format!("months({}, {})", date(chance, below), date(chance, below)),
        7 => format!("{}({})", chance.pick(&["year", "month", "day", "weekday"]), date(chance, below)),
        8 => format!("{}({})", chance.pick(&["floor", "ceil", "int"]), decimal(chance, below)),
        9 => format!("{}({}, {})", chance.pick(&["min", "max"]), int(chance, below), int(chance, below)),
        10 => format!("hours(record.seenAt, record.dueAt) + {}", int(chance, below)),
        11 => format!("count(record.tasks, {})", task_condition(chance)),
        _ => format!("({} ?? {})", int(chance, below), int(chance, below)),
    }
}

/// A text.
pub fn text(chance: &mut Chance, depth: u32) -> String {
    if depth == 0 || chance.one_in(3) {
        let simple = [
            "record.name",
            "record.note",
            "record.stage",
            "record.account.name",
            "\"a\"",
            "\"É_\"",
            "record.address.city",
        ];
        return (*chance.pick(&simple)).to_owned();
    }
    let below = depth - 1;
    match chance.below(9) {
        0 => format!("({} + {})", text(chance, below), text(chance, below)),
        1 => format!("{}({})", chance.pick(&["lower", "upper", "trim"]), text(chance, below)),
        2 => format!("substring({}, {}, {})", text(chance, below), int(chance, 0), chance.below(4)),
        3 => format!("replace({}, \"a\", \"É\")", text(chance, below)),
        4 => format!("text({})", int(chance, below)),
        5 => format!("text({})", decimal(chance, below)),
        6 => format!("({} ?? {})", text(chance, below), text(chance, below)),
        7 => format!("text({})", date(chance, below)),
        _ => format!(
            "(if {} {{ {} }} else {{ {} }})",
            condition(chance, 0),
            text(chance, below),
            text(chance, below)
        ),
    }
}

/// A day.
pub fn date(chance: &mut Chance, depth: u32) -> String {
    if depth == 0 || chance.one_in(3) {
        let simple = [
            "record.closeDate",
            "record.startDate",
            "date(\"2024-02-29\")",
            "today()",
            "date(record.seenAt)",
        ];
        return (*chance.pick(&simple)).to_owned();
    }
    let below = depth - 1;
    match chance.below(5) {
        0 => format!("addDays({}, {})", date(chance, below), int(chance, below)),
        1 => format!("addMonths({}, {})", date(chance, below), int(chance, below)),
        2 => {
            let starts = ["startOfWeek", "startOfMonth", "startOfQuarter", "startOfYear"];
            format!("{}({})", chance.pick(&starts), date(chance, below))
        }
        3 => format!("date(record.dueAt + duration(\"{}\"))", chance.pick(&["1h", "-3d", "36h"])),
        _ => format!("({} ?? {})", date(chance, below), date(chance, below)),
    }
}
