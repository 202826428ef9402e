//! Models written as SQL: the same descriptors that the derive emits, from text that fits into a row of a table.
//!
//! One `CREATE` statement per object. What SQL cannot say stands in comment lines that begin with `--:`, before the table:
//! `--: renamed_from t old`, `--: renamed_from t.c old`, `--: dropped t.c`, `--: dropped t`, `--: backfill t.c expr`,
//! `--: convert t.c expr`, `--: type t.c` (the spelling counts), `--: exact_order t`, `--: external t`, `--: version 2.0.0`,
//! `--: model name`.

use schema_runtime::{
    CheckDescriptor, ColumnDescriptor, ColumnOrder, ConstValue, ForeignKeyDescriptor, IndexDescriptor,
    IndexTermDescriptor, PrimaryKeyDescriptor, ReferenceAction, Schema, SqlType, TableDescriptor,
    UniqueDescriptor,
};
use schema_sql::{Action, Constraint, ConstraintKind, CreateKind, IndexTerm, create_kind, split_statements};

fn leak<T>(list: Vec<T>) -> &'static [T] {
    Box::leak(list.into_boxed_slice())
}

fn text(text: &str) -> &'static str {
    Box::leak(text.to_owned().into_boxed_str())
}

fn texts<'a>(list: impl IntoIterator<Item = &'a str>) -> &'static [&'static str] {
    leak(list.into_iter().map(text).collect())
}

#[derive(Default)]
struct Hints {
    lines: Vec<(String, String, String)>,
}

impl Hints {
    fn read(sql: &str) -> Hints {
        let lines = sql.lines().filter_map(|line| line.trim().strip_prefix("--:"));
        let lines = lines.map(|line| {
            let mut words = line.trim().splitn(3, ' ');
            let mut word = || words.next().unwrap_or("").to_owned();
            (word(), word(), word())
        });
        Hints { lines: lines.collect() }
    }

    fn all(&self, word: &str, object: &str) -> Vec<&'static str> {
        let of = |line: &&(String, String, String)| line.0 == word && line.1 == object;
        self.lines.iter().filter(of).map(|line| text(&line.2)).collect()
    }

    fn one(&self, word: &str, object: &str) -> Option<&'static str> {
        self.all(word, object).into_iter().next()
    }

    fn argument(&self, word: &str) -> Option<&'static str> {
        self.lines.iter().find(|line| line.0 == word).map(|line| text(&line.1))
    }

    fn arguments(&self, word: &str) -> Vec<&'static str> {
        self.lines.iter().filter(|line| line.0 == word).map(|line| text(&line.1)).collect()
    }
}

/// The model that `sql` describes.
pub fn model(sql: &str) -> &'static Schema {
    let hints = Hints::read(sql);
    let statements = split_statements(sql).expect("the model's SQL lexes");
    let of = |kind: CreateKind| {
        let of_kind = statements.iter().filter(move |statement| create_kind(statement.text) == Some(kind));
        of_kind.map(|statement| statement.text).collect::<Vec<_>>()
    };
    let indexes: Vec<_> = of(CreateKind::Index)
        .into_iter()
        .map(|sql| schema_sql::split_create_index(sql).expect("an index"))
        .collect();
    let tables: Vec<&'static TableDescriptor> = of(CreateKind::Table)
        .into_iter()
        .map(|sql| &*Box::leak(Box::new(table(sql, &indexes, &hints))))
        .collect();
    let dropped: Vec<&str> =
        hints.arguments("dropped").into_iter().filter(|name| !name.contains('.')).collect();
    let schema = Schema::new(
        hints.argument("model").unwrap_or("main"),
        hints.argument("version").unwrap_or("1.0.0"),
        leak(tables),
    )
    .views(texts(of(CreateKind::View)))
    .triggers(texts(of(CreateKind::Trigger)))
    .virtual_tables(texts(of(CreateKind::VirtualTable)))
    .dropped(texts(dropped));
    Box::leak(Box::new(schema))
}

fn table(sql: &str, indexes: &[schema_sql::CreateIndex], hints: &Hints) -> TableDescriptor {
    let split = schema_sql::split_create_table(sql).unwrap_or_else(|err| panic!("{sql}: {err}"));
    let name = text(&split.name);
    let mut parts = Parts::default();
    let mut columns = Vec::new();
    for column in &split.columns {
        columns.push(parts.column(name, column, hints));
    }
    for constraint in &split.constraints {
        parts.constraint(constraint);
    }
    let own = indexes.iter().filter(|index| index.table == split.name).map(index);
    let mut table = TableDescriptor::new(name, leak(columns))
        .uniques(leak(parts.uniques))
        .checks(leak(parts.checks))
        .foreign_keys(leak(parts.foreign_keys))
        .indexes(leak(own.collect()))
        .renamed_from(leak(hints.all("renamed_from", name)))
        .dropped(leak(
            hints
                .arguments("dropped")
                .into_iter()
                .filter_map(|path| {
                    path.split_once('.').filter(|(table, _)| *table == name).map(|(_, column)| column)
                })
                .collect(),
        ));
    if let Some(key) = parts.key {
        table = table.primary_key(key);
    }
    if split.strict {
        table = table.strict();
    }
    if split.without_rowid {
        table = table.without_rowid();
    }
    if hints.arguments("exact_order").contains(&name) {
        table = table.column_order(ColumnOrder::Exact);
    }
    if hints.arguments("external").contains(&name) {
        table = table.external();
    }
    table
}

#[derive(Default)]
struct Parts {
    key: Option<PrimaryKeyDescriptor>,
    uniques: Vec<UniqueDescriptor>,
    checks: Vec<CheckDescriptor>,
    foreign_keys: Vec<ForeignKeyDescriptor>,
}

fn columns(terms: &[IndexTerm]) -> &'static [&'static str] {
    texts(terms.iter().map(|term| term.column.as_deref().expect("a plain column")))
}

fn action(action: Action) -> ReferenceAction {
    match action {
        Action::Restrict => ReferenceAction::Restrict,
        Action::SetNull => ReferenceAction::SetNull,
        Action::SetDefault => ReferenceAction::SetDefault,
        Action::Cascade => ReferenceAction::Cascade,
        _ => ReferenceAction::NoAction,
    }
}

impl Parts {
    fn column(&mut self, table: &str, split: &schema_sql::ColumnDef, hints: &Hints) -> ColumnDescriptor {
        let path = format!("{table}.{}", split.name);
        // The types that the derive knows go by the type system, every other spelling by `type`.
        let exact = hints.arguments("type").contains(&path.as_str());
        let (sql_type, type_name) = match split.type_name.as_str() {
            "INTEGER" | "INT" => (SqlType::Integer, None),
            "TEXT" => (SqlType::Text, None),
            "REAL" => (SqlType::Real, None),
            "BLOB" => (SqlType::Blob, None),
            "ANY" | "" => (SqlType::Any, None),
            other => (SqlType::Any, Some(other)),
        };
        let type_name = if exact { Some(split.type_name.as_str()) } else { type_name };
        let mut column = ColumnDescriptor::new(text(&split.name), sql_type);
        if let Some(type_name) = type_name {
            column = column.type_name(text(type_name));
        }
        for constraint in &split.constraints {
            match &constraint.kind {
                ConstraintKind::NotNull { .. } => column = column.not_null(),
                ConstraintKind::Default { value } => column = column.default(ConstValue::Sql(text(value))),
                ConstraintKind::Collate { collation } => column = column.collate(text(collation)),
                ConstraintKind::Generated { expr, stored } => column = column.generated(text(expr), *stored),
                _ => self.constraint(constraint),
            }
        }
        column = column.renamed_from(leak(hints.all("renamed_from", &path)));
        if let Some(expr) = hints.one("backfill", &path) {
            column = column.backfill(expr);
        }
        if let Some(expr) = hints.one("convert", &path) {
            column = column.convert(expr);
        }
        column
    }

    fn constraint(&mut self, constraint: &Constraint) {
        let name = constraint.name.as_deref().map(text);
        match &constraint.kind {
            ConstraintKind::PrimaryKey { columns: terms, autoincrement, .. } => {
                let key = PrimaryKeyDescriptor::new(columns(terms));
                self.key = Some(if *autoincrement { key.autoincrement() } else { key });
            }
            ConstraintKind::Unique { columns: terms, .. } => {
                let unique = UniqueDescriptor::new(columns(terms));
                self.uniques.push(name.map_or(unique, |name| unique.name(name)));
            }
            ConstraintKind::Check { expr, .. } => {
                let check = CheckDescriptor::new(text(expr));
                self.checks.push(name.map_or(check, |name| check.name(name)));
            }
            ConstraintKind::ForeignKey(key) => {
                let mut descriptor = ForeignKeyDescriptor::new(
                    texts(key.columns.iter().map(String::as_str)),
                    text(&key.table),
                    texts(key.to.iter().map(String::as_str)),
                )
                .on_delete(action(key.on_delete))
                .on_update(action(key.on_update));
                if key.initially_deferred {
                    descriptor = descriptor.deferrable();
                }
                self.foreign_keys.push(name.map_or(descriptor, |name| descriptor.name(name)));
            }
            ConstraintKind::Null => {}
            other => panic!("a descriptor cannot say {other:?}"),
        }
    }
}

fn index(split: &schema_sql::CreateIndex) -> IndexDescriptor {
    let terms = split.terms.iter().map(|term| {
        let mut descriptor = match &term.column {
            Some(column) => IndexTermDescriptor::column(text(column)),
            None => IndexTermDescriptor::expr(text(&term.expr)),
        };
        if let Some(collation) = &term.collation {
            descriptor = descriptor.collate(text(collation));
        }
        if term.desc { descriptor.desc() } else { descriptor }
    });
    let mut descriptor = IndexDescriptor::new(text(&split.name), leak(terms.collect()));
    if let Some(filter) = &split.filter {
        descriptor = descriptor.filter(text(filter));
    }
    if split.unique { descriptor.unique() } else { descriptor }
}
