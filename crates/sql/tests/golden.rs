//! What is printed, as snapshots: queries as `query` builds them, writes as `engine` builds them, definitions as `deploy` builds them.

use std::fmt::Write as _;

use expr::{Encoding, Value};
use sql::{
    Arithmetic, Bucket, CellType, ColumnDef, Compare, Conflict, Ddl, Delete, Dialect, Fold, From, Ident,
    Insert, Join, JoinKind, Order, Param, Query, Relation, Rows, Scalar, Source, Statement, Update, Write,
    print_ddl, print_query, print_write,
};

fn ident(text: &str) -> Ident {
    Ident::new(text).expect("an identifier")
}

fn column(alias: &str, name: &str) -> Scalar {
    Scalar::Column(ident(alias), ident(name))
}

fn param(slot: u16, encoding: Encoding) -> Param {
    Param { source: Source::Slot(slot), encoding, list: false }
}

fn slot(number: u16, encoding: Encoding) -> Scalar {
    Scalar::Param(param(number, encoding))
}

fn table(name: &str, alias: &str) -> From {
    From { source: Relation::Table(ident(name)), alias: ident(alias) }
}

fn equal(a: Scalar, b: Scalar) -> Scalar {
    Scalar::Compare(Compare::Equal, Box::new(a), Box::new(b))
}

fn snapshot(name: &str, text: &str) {
    insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!(name, text);
    });
}

/// Both dialects; `§` stands for the tenant's schema.
fn shown(print: impl Fn(Dialect) -> Vec<Statement>) -> String {
    let mut out = String::new();
    for dialect in [Dialect::Postgres, Dialect::Sqlite] {
        writeln!(out, "{dialect:?}").expect("text grows");
        for statement in print(dialect) {
            out.push_str(&statement.shown());
            out.push('\n');
            for (place, param) in statement.params.iter().enumerate() {
                writeln!(
                    out,
                    "  {}: {:?} {:?}{}",
                    place + 1,
                    param.source,
                    param.encoding,
                    if param.list { " list" } else { "" }
                )
                .expect("text grows");
            }
        }
    }
    out
}

fn query(query: &Query) -> String {
    // Equal trees print equal text.
    assert_eq!(print_query(query, Dialect::Postgres), print_query(&query.clone(), Dialect::Postgres));
    shown(|dialect| vec![print_query(query, dialect)])
}

#[test]
fn a_page_with_a_count_and_nested_records() {
    let account = Query {
        columns: vec![(
            Scalar::JsonObject(vec![(
                "name".to_owned(),
                column("a1", "name"),
                CellType::Plain(Encoding::Text),
            )]),
            ident("o"),
        )],
        from: Some(table("account", "a1")),
        filter: Some(equal(column("a1", "id"), column("t", "account"))),
        ..Query::default()
    };
    let tasks = Query {
        columns: vec![(
            Scalar::JsonObject(vec![
                ("id".to_owned(), column("a2", "id"), CellType::Plain(Encoding::Id)),
                ("due".to_owned(), column("a2", "due"), CellType::Plain(Encoding::DateTime)),
                ("amount".to_owned(), column("a2", "amount"), CellType::Plain(Encoding::Decimal(4))),
            ]),
            ident("o"),
        )],
        from: Some(table("task", "a2")),
        filter: Some(equal(column("a2", "lead"), column("t", "id"))),
        order: vec![Order { by: column("a2", "due"), descending: true, nulls_first: false }],
        limit: Some(Scalar::Int(5)),
        ..Query::default()
    };
    snapshot(
        "a_page_with_a_count_and_nested_records",
        &query(&Query {
            columns: vec![
                (column("t", "id"), ident("c0")),
                (Scalar::Subquery(Box::new(account)), ident("c1")),
                (Scalar::JsonArray(Box::new(tasks)), ident("c2")),
            ],
            from: Some(table("lead", "t")),
            joins: vec![Join {
                kind: JoinKind::Left,
                from: table("user", "u"),
                on: Some(equal(column("u", "id"), column("t", "owner"))),
            }],
            filter: Some(Scalar::And(vec![
                Scalar::IsNull(Box::new(column("t", "deleted_at"))),
                Scalar::Or(vec![
                    Scalar::Like(Box::new(column("t", "name_folded")), Box::new(slot(0, Encoding::Text))),
                    Scalar::InParam(
                        Box::new(column("t", "stage")),
                        Param { list: true, ..param(1, Encoding::Text) },
                    ),
                ]),
                Scalar::IsNotTrue(Box::new(equal(column("t", "name_folded"), slot(0, Encoding::Text)))),
            ])),
            order: vec![
                Order { by: column("t", "close_date"), descending: false, nulls_first: false },
                Order { by: column("t", "id"), descending: true, nulls_first: true },
            ],
            limit: Some(slot(2, Encoding::Int)),
            ..Query::default()
        }),
    );
}

#[test]
fn groups_in_buckets_of_a_zone() {
    let key = Scalar::Bucket(
        Bucket::Quarter,
        Box::new(column("t", "created_at")),
        Encoding::DateTime,
        Some(Box::new(slot(0, Encoding::Text))),
    );
    let amount = || Box::new(column("t", "amount"));
    snapshot(
        "groups_in_buckets_of_a_zone",
        &query(&Query {
            columns: vec![
                (key.clone(), ident("key")),
                (Scalar::CountAll, ident("count")),
                (Scalar::Aggregate(Fold::Sum, amount(), Encoding::Decimal(4)), ident("sum")),
                (Scalar::Aggregate(Fold::Avg, amount(), Encoding::Decimal(4)), ident("avg")),
            ],
            from: Some(table("opportunity", "t")),
            group: vec![key],
            having: Some(Scalar::Compare(
                Compare::Greater,
                Box::new(Scalar::CountAll),
                Box::new(Scalar::Int(1)),
            )),
            ..Query::default()
        }),
    );
}

#[test]
fn decimal_arithmetic_over_names_and_over_computations() {
    let six = Encoding::Decimal(6);
    let product =
        Scalar::Arithmetic(Arithmetic::Multiply, six, Box::new(column("t", "a")), Box::new(column("t", "b")));
    snapshot(
        "decimal_arithmetic_over_names_and_over_computations",
        &query(&Query {
            columns: vec![
                (product.clone(), ident("p")),
                (
                    Scalar::Arithmetic(
                        Arithmetic::Divide,
                        six,
                        Box::new(product),
                        Box::new(Scalar::Convert(Box::new(Scalar::Int(100)), Encoding::Int, six)),
                    ),
                    ident("q"),
                ),
            ],
            from: Some(table("line", "t")),
            ..Query::default()
        }),
    );
}

#[test]
fn nested_arithmetic_grows_with_its_tree_and_no_faster() {
    let six = Encoding::Decimal(6);
    let length = |depth: usize| {
        let scalar = (0..depth).fold(column("t", "a"), |x, _| {
            Scalar::Arithmetic(Arithmetic::Divide, six, Box::new(x), Box::new(column("t", "b")))
        });
        let query =
            Query { columns: vec![(scalar, ident("x"))], from: Some(table("line", "t")), ..Query::default() };
        [Dialect::Postgres, Dialect::Sqlite].map(|dialect| print_query(&query, dialect).shown().len())
    };
    let (one, twenty) = (length(1), length(20));
    for dialect in 0..2 {
        assert!(twenty[dialect] < one[dialect] * 25, "{} {}", one[dialect], twenty[dialect]);
    }
}

#[test]
fn writes_together() {
    let lead = Insert {
        table: ident("lead"),
        columns: vec![ident("id"), ident("name")],
        rows: Rows::Values(vec![vec![slot(0, Encoding::Id), slot(1, Encoding::Text)]]),
        conflict: None,
        returning: vec![(Scalar::Bare(ident("id")), ident("id"))],
    };
    let sequence = Insert {
        table: ident("sequence"),
        columns: vec![ident("name"), ident("value")],
        rows: Rows::Values(vec![vec![slot(2, Encoding::Text), Scalar::Int(1)]]),
        conflict: Some(Conflict {
            columns: vec![ident("name")],
            set: vec![(
                ident("value"),
                Scalar::Arithmetic(
                    Arithmetic::Add,
                    Encoding::Int,
                    Box::new(Scalar::Bare(ident("value"))),
                    Box::new(Scalar::Excluded(ident("value"))),
                ),
            )],
        }),
        returning: vec![],
    };
    let bulk = Insert {
        table: ident("history"),
        columns: vec![ident("id"), ident("tags")],
        rows: Rows::Unnest(vec![
            Param { list: true, ..param(3, Encoding::Id) },
            Param { list: true, ..param(4, Encoding::TextList) },
        ]),
        conflict: None,
        returning: vec![],
    };
    let update = Update {
        table: ident("lead"),
        alias: ident("t"),
        set: vec![(ident("name"), slot(1, Encoding::Text))],
        filter: Scalar::And(vec![equal(column("t", "id"), slot(0, Encoding::Id)), Scalar::Wrote]),
        returning: vec![(column("t", "version"), ident("version"))],
    };
    let delete = Delete {
        table: ident("lead"),
        alias: ident("t"),
        filter: equal(column("t", "id"), slot(0, Encoding::Id)),
    };
    let all = Write::Together(vec![
        Write::Insert(lead),
        Write::Insert(sequence),
        Write::Insert(bulk),
        Write::Update(update),
        Write::Delete(delete),
    ]);
    snapshot("writes_together", &shown(|dialect| print_write(&all, dialect)));
}

#[test]
fn definitions() {
    let def = |name: &str, encoding| ColumnDef { name: ident(name), encoding, not_null: false };
    let all = [
        Ddl::CreateTable {
            table: ident("lead"),
            columns: vec![
                ColumnDef { not_null: true, ..def("id", Encoding::Id) },
                def("name", Encoding::Text),
                def("budget", Encoding::Decimal(4)),
                def("tags", Encoding::TextList),
            ],
            primary_key: vec![ident("id")],
        },
        Ddl::AddColumn { table: ident("lead"), column: def("open", Encoding::Bool) },
        Ddl::DropColumn { table: ident("lead"), column: ident("open") },
        Ddl::CreateIndex {
            name: ident("lead_name"),
            table: ident("lead"),
            parts: vec![
                (Scalar::Bare(ident("name")), false),
                (Scalar::LowerAscii(Box::new(Scalar::Bare(ident("name")))), true),
            ],
            unique: true,
            condition: Some(Scalar::And(vec![
                Scalar::IsNull(Box::new(Scalar::Bare(ident("deleted_at")))),
                equal(
                    Scalar::Bare(ident("name")),
                    Scalar::Param(Param {
                        source: Source::Constant(Value::Text("O'Neil \\ x".to_owned())),
                        encoding: Encoding::Text,
                        list: false,
                    }),
                ),
                Scalar::InParam(
                    Box::new(Scalar::Bare(ident("stage"))),
                    Param {
                        source: Source::Constant(Value::List(vec![
                            Value::Text("held".to_owned()),
                            Value::Text("sold".to_owned()),
                        ])),
                        encoding: Encoding::Text,
                        list: true,
                    },
                ),
            ])),
            concurrently: true,
        },
        Ddl::DropIndex { name: ident("lead_name"), concurrently: true },
        Ddl::DropTable { table: ident("lead") },
    ];
    snapshot("definitions", &shown(|dialect| all.iter().flat_map(|ddl| print_ddl(ddl, dialect)).collect()));
}

#[test]
fn texts_and_keys_cannot_break_out() {
    let hostile = "a'b\"c\\d\0; DROP TABLE x --";
    let text = query(&Query {
        columns: vec![
            (Scalar::Text(hostile.to_owned()), ident("a")),
            (
                Scalar::JsonObject(vec![(
                    hostile.to_owned(),
                    Scalar::Text(hostile.to_owned()),
                    CellType::Plain(Encoding::Text),
                )]),
                ident("b"),
            ),
            (Scalar::RawJson("{\"a\":\"it's\"}".to_owned()), ident("c")),
        ],
        ..Query::default()
    });
    snapshot("texts_and_keys_cannot_break_out", text.as_str());
    for bad in ["", "a b", "a\"b", "a;b", "é", &"x".repeat(64)] {
        assert!(Ident::new(bad).is_err(), "{bad}");
    }
}
