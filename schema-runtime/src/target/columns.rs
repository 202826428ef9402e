//! The merge of one table: its columns, keys, constraints and options.

use schema_sql::eq_name;

use super::{Merge, NoteKind, RemovalPolicy, Three};
use crate::catalog::{
    self, CheckInfo, ColumnInfo, ForeignKeyInfo, GeneratedInfo, IndexInfo, NotNullInfo, PrimaryKeyInfo,
    TableInfo, Texts, UniqueInfo,
};
use crate::snapshot::{State, key, table_keys};

/// One table on the three sides.
struct Table<'a> {
    live: &'a TableInfo,
    /// As it was left by the last revision, where the model managed it.
    base: Option<&'a TableInfo>,
    wanted: &'a TableInfo,
    /// For texts inside of the table, on any side.
    texts: Texts<'a>,
}

impl<'a> Merge<'a> {
    pub(super) fn table(&mut self, live: &'a TableInfo, wanted: &'a TableInfo) -> TableInfo {
        let base = self
            .sides
            .last
            .as_ref()
            .filter(|last| last.owners.is_managed(&key::table(&live.name)))
            .and_then(|_| self.last.table(&live.name));
        if live == wanted && base == Some(live) && self.carry_managed(live) {
            return live.clone();
        }
        let texts = Texts::of([live, wanted].into_iter().chain(base));
        let table = Table { live, base, wanted, texts };
        self.owners.set(key::table(&wanted.name), State::Managed);
        let mut merged = live.clone();
        merged.name.clone_from(&wanted.name);
        self.options(&table, &mut merged);
        self.columns(&table, &mut merged);
        self.primary_key(&table, &mut merged);
        self.uniques(&table, &mut merged);
        self.checks(&table, &mut merged);
        self.foreign_keys(&table, &mut merged);
        self.indexes(&table, &mut merged);
        self.left_over_names(&table, &merged);
        self.left_over_types(&table, &merged);
        self.strings_become_names(&table, &merged);
        if merged != *live {
            merged.sql = catalog::table_sql(&merged);
        }
        merged
    }

    /// Records a table that is the same on all sides; `false`, and nothing, where a part of it was not the model's.
    fn carry_managed(&mut self, table: &TableInfo) -> bool {
        let keys = table_keys(table);
        let managed = keys.iter().all(|key| self.managed_last(key));
        if managed {
            keys.into_iter().for_each(|key| self.owners.set(key, State::Managed));
        }
        managed
    }

    fn options(&mut self, table: &Table<'_>, merged: &mut TableInfo) {
        let Table { live, base, wanted, .. } = table;
        let what = format!("table `{}`", wanted.name);
        let three = Three { live: &live.strict, base: base.map(|base| &base.strict), wanted: &wanted.strict };
        let show = |strict: &bool| (if *strict { "STRICT" } else { "not STRICT" }).to_owned();
        if self.decide(&what, &three, &|a, b| a == b, &show) {
            merged.strict = wanted.strict;
        }
        let three = Three {
            live: &live.without_rowid,
            base: base.map(|base| &base.without_rowid),
            wanted: &wanted.without_rowid,
        };
        let show = |without: &bool| (if *without { "WITHOUT ROWID" } else { "a rowid table" }).to_owned();
        if self.decide(&what, &three, &|a, b| a == b, &show) {
            merged.without_rowid = wanted.without_rowid;
        }
    }

    fn columns(&mut self, table: &Table<'_>, merged: &mut TableInfo) {
        let Table { live, wanted, .. } = table;
        merged.columns.clear();
        for found in &live.columns {
            match wanted.column(&found.name) {
                Some(column) => {
                    let key = key::column(&wanted.name, &column.name);
                    self.present_column(table, found, &key);
                    let column = self.column(table, found, column);
                    self.owners.set(key, State::Managed);
                    merged.columns.push(column);
                }
                None => {
                    if let Some(kept) = self.unwanted_column(table, found) {
                        merged.columns.push(kept);
                    }
                }
            }
        }
        for column in &wanted.columns {
            if live.column(&column.name).is_none() {
                let key = key::column(&wanted.name, &column.name);
                self.missing(&format!("column `{}`.`{}`", wanted.name, column.name), &key);
                self.owners.set(key, State::Managed);
                merged.columns.push(column.clone());
            }
        }
        if self.sides.model.table_hints(&wanted.name).exact_order {
            let position = |column: &ColumnInfo| {
                wanted
                    .columns
                    .iter()
                    .position(|other| eq_name(&other.name, &column.name))
                    .unwrap_or(usize::MAX)
            };
            merged.columns.sort_by_key(position);
        }
    }

    fn present_column(&mut self, table: &Table<'_>, found: &ColumnInfo, key: &str) {
        let new_table = table.base.is_none();
        if !new_table || self.retired_last(key) {
            self.present(&format!("column `{}`.`{}`", table.wanted.name, found.name), key);
        }
    }

    /// A column on all sides: what the file holds, with the model's values where they count.
    fn column(&mut self, table: &Table<'_>, live: &ColumnInfo, wanted: &ColumnInfo) -> ColumnInfo {
        let base = table
            .base
            .and_then(|base| base.column(&live.name))
            .filter(|_| self.managed_last(&key::column(&table.wanted.name, &live.name)));
        if live == wanted
            && base.is_none_or(|base| base == wanted)
            && !key_behaviour_differs(table, &wanted.name)
        {
            return live.clone();
        }
        let what = |property: &str| format!("{property} of `{}`.`{}`", table.wanted.name, wanted.name);
        let hints = self.sides.model.table_hints(&table.wanted.name);
        let model = self.sides.model;
        let exact = model.explicit || hints.column(&wanted.name).exact_type || table.wanted.strict;
        let mut merged = live.clone();
        merged.name.clone_from(&wanted.name);
        let three = Three {
            live: live.type_name.as_str(),
            base: base.map(|base| base.type_name.as_str()),
            wanted: wanted.type_name.as_str(),
        };
        let show = |text: &str| if text.is_empty() { "untyped".to_owned() } else { text.to_owned() };
        if self.decide(&what("type"), &three, &|a, b| catalog::same_type(a, b, exact), &show)
            || key_behaviour_differs(table, &wanted.name)
        {
            merged.type_name.clone_from(&wanted.type_name);
        }
        self.column_not_null(table, (live, base, wanted), &mut merged);
        let texts = &table.texts;
        let three =
            Three { live: &live.default, base: base.map(|base| &base.default), wanted: &wanted.default };
        let same =
            |a: &Option<String>, b: &Option<String>| catalog::same_default(texts, a.as_deref(), b.as_deref());
        let show = |text: &Option<String>| text.clone().unwrap_or_else(|| "none".to_owned());
        if self.decide(&what("default"), &three, &same, &show) {
            merged.default.clone_from(&wanted.default);
        }
        let three = Three {
            live: &live.collation,
            base: base.map(|base| &base.collation),
            wanted: &wanted.collation,
        };
        let show = |text: &Option<String>| text.clone().unwrap_or_else(|| "BINARY".to_owned());
        let same = |a: &Option<String>, b: &Option<String>| {
            catalog::same_collation(texts, a.as_deref(), b.as_deref())
        };
        if self.decide(&what("collation"), &three, &same, &show) {
            merged.collation.clone_from(&wanted.collation);
        }
        let three = Three {
            live: &live.generated,
            base: base.map(|base| &base.generated),
            wanted: &wanted.generated,
        };
        let same = |a: &Option<GeneratedInfo>, b: &Option<GeneratedInfo>| {
            catalog::same_generated(texts, a.as_ref(), b.as_ref())
        };
        let show = |rule: &Option<GeneratedInfo>| {
            rule.as_ref().map_or_else(|| "plain".to_owned(), |rule| format!("AS ({})", rule.expr))
        };
        if self.decide(&what("generated expression"), &three, &same, &show) {
            merged.generated.clone_from(&wanted.generated);
        }
        merged
    }

    fn column_not_null(
        &mut self,
        table: &Table<'_>,
        (live, base, wanted): (&ColumnInfo, Option<&ColumnInfo>, &ColumnInfo),
        merged: &mut ColumnInfo,
    ) {
        if table.live.is_rowid_alias(&wanted.name) && table.wanted.is_rowid_alias(&wanted.name) {
            return;
        }
        let forced =
            table.wanted.in_primary_key(&wanted.name) && (table.wanted.strict || table.wanted.without_rowid);
        let mut rule = wanted.not_null.clone().or_else(|| forced.then(NotNullInfo::default));
        if let (Some(rule), Some(found), false) = (&mut rule, &live.not_null, self.sides.model.explicit) {
            rule.conflict = rule.conflict.take().or_else(|| found.conflict.clone());
            rule.name = rule.name.take().or_else(|| found.name.clone());
        }
        let three = Three { live: &live.not_null, base: base.map(|base| &base.not_null), wanted: &rule };
        let what = format!("nullability of `{}`.`{}`", table.wanted.name, wanted.name);
        let texts = &table.texts;
        let same = |a: &Option<NotNullInfo>, b: &Option<NotNullInfo>| {
            catalog::same_not_null(texts, a.as_ref(), b.as_ref())
        };
        let show = |rule: &Option<NotNullInfo>| match rule {
            None => "NULL".to_owned(),
            Some(NotNullInfo { conflict: Some(conflict), .. }) => format!("NOT NULL ON CONFLICT {conflict}"),
            Some(_) => "NOT NULL".to_owned(),
        };
        if self.decide(&what, &three, &same, &show) {
            merged.not_null = rule;
        }
    }

    /// A column that the model does not declare: kept as it is, retired, or dropped (`None`).
    fn unwanted_column(&mut self, table: &Table<'_>, live: &ColumnInfo) -> Option<ColumnInfo> {
        let name = &table.wanted.name;
        let column_key = key::column(name, &live.name);
        let managed = self.managed_last(&column_key);
        let ours = managed || self.retired_last(&column_key);
        let hints = self.sides.model.table_hints(name);
        let consented = hints.dropped.iter().any(|dropped| eq_name(dropped, &live.name));
        let what = format!("column `{name}`.`{}`", live.name);
        if ours && (consented || (managed && self.policies.removal == RemovalPolicy::Drop)) {
            return None;
        }
        if consented && !ours {
            self.no_effect(&format!("dropped(\"{}\")", live.name), &what);
        }
        let blocks = live.not_null.is_some() && live.default.is_none() && live.generated.is_none();
        if !managed {
            if blocks && !self.retired_last(&column_key) {
                let text = format!(
                    "{what} is not in the model, is NOT NULL and has no default: inserts of the program will fail"
                );
                self.note(NoteKind::Warning, text);
            }
            self.carry(column_key);
            return Some(live.clone());
        }
        let remedy = format!("dropped(\"{}\")", live.name);
        if self.policies.removal == RemovalPolicy::Refuse {
            self.refused.push((format!("the model no longer declares {what}"), remedy));
        } else if table.live.in_primary_key(&live.name) && table.wanted.primary_key.is_some() {
            let text = format!("{what} is part of the primary key and cannot be kept without it");
            self.refused.push((text, remedy));
        }
        self.note(NoteKind::Retired, format!("{what} is no longer in the model and is kept"));
        self.retire(column_key);
        let mut kept = live.clone();
        if blocks {
            kept.not_null = None;
        }
        Some(kept)
    }

    fn primary_key(&mut self, table: &Table<'_>, merged: &mut TableInfo) {
        let Table { live, base, wanted, .. } = table;
        let texts = &table.texts;
        // What a program's model cannot say (conflict clause, direction) stays as the file has it.
        let explicit = self.sides.model.explicit;
        let unsaid = wanted.primary_key.clone().map(|mut key| {
            if let Some(found) = live.primary_key.as_ref().filter(|_| !explicit) {
                key.conflict = key.conflict.take().or_else(|| found.conflict.clone());
                key.name = key.name.take().or_else(|| found.name.clone());
                if key.rowid_alias == found.rowid_alias && key.terms.len() == found.terms.len() {
                    for (term, found) in key.terms.iter_mut().zip(&found.terms) {
                        term.desc |= found.desc;
                    }
                }
            }
            key
        });
        let same = |a: &Option<PrimaryKeyInfo>, b: &Option<PrimaryKeyInfo>| match (a, b) {
            (None, None) => true,
            (Some(a), Some(b)) => {
                catalog::same_primary_key(texts, a, b)
                    && catalog::same_name(a.name.as_deref(), b.name.as_deref())
            }
            _ => false,
        };
        let show = |key: &Option<PrimaryKeyInfo>| {
            let sides = [live.primary_key.as_ref(), wanted.primary_key.as_ref()];
            let other = sides.into_iter().flatten().find(|other| Some(*other) != key.as_ref());
            catalog::primary_key_words(key.as_ref(), other)
        };
        let what = format!("primary key of `{}`", wanted.name);
        let three =
            Three { live: &live.primary_key, base: base.map(|base| &base.primary_key), wanted: &unsaid };
        if self.decide(&what, &three, &same, &show) {
            merged.primary_key = unsaid;
        }
    }

    fn uniques(&mut self, table: &Table<'_>, merged: &mut TableInfo) {
        let texts = &table.texts;
        let sides = Constraints {
            live: &table.live.uniques,
            base: table.base.map(|base| base.uniques.as_slice()),
            wanted: &table.wanted.uniques,
        };
        merged.uniques = self.constraints(
            table,
            &sides,
            &Rules {
                key: &|unique: &UniqueInfo| key::unique(&table.wanted.name, &unique.terms),
                alike: &|a, b| catalog::same_key_terms(texts, &a.terms, &b.terms),
                same: &|a, b| {
                    catalog::same_unique(texts, a, b)
                        && catalog::same_name(a.name.as_deref(), b.name.as_deref())
                },
                show: &catalog::unique_sql,
                label: &|_| "a unique constraint".to_owned(),
                unsaid: &|found, wanted| {
                    wanted.conflict = wanted.conflict.take().or_else(|| found.conflict.clone());
                    wanted.name = wanted.name.take().or_else(|| found.name.clone());
                },
            },
        );
    }

    fn checks(&mut self, table: &Table<'_>, merged: &mut TableInfo) {
        let texts = &table.texts;
        let sides = Constraints {
            live: &table.live.checks,
            base: table.base.map(|base| base.checks.as_slice()),
            wanted: &table.wanted.checks,
        };
        merged.checks = self.constraints(
            table,
            &sides,
            &Rules {
                key: &|check: &CheckInfo| key::check(&table.wanted.name, &texts.norm_expr(&check.expr)),
                alike: &|a, b| catalog::same_check(texts, a, b),
                same: &|a, b| catalog::same_name(a.name.as_deref(), b.name.as_deref()),
                show: &catalog::check_sql,
                label: &|_| "a check".to_owned(),
                unsaid: &|found, wanted| wanted.name = wanted.name.take().or_else(|| found.name.clone()),
            },
        );
    }

    fn foreign_keys(&mut self, table: &Table<'_>, merged: &mut TableInfo) {
        let texts = &table.texts;
        let sides = Constraints {
            live: &table.live.foreign_keys,
            base: table.base.map(|base| base.foreign_keys.as_slice()),
            wanted: &table.wanted.foreign_keys,
        };
        merged.foreign_keys = self.constraints(
            table,
            &sides,
            &Rules {
                key: &|foreign: &ForeignKeyInfo| {
                    let columns = foreign.columns.iter().map(String::as_str);
                    key::foreign_key(&table.wanted.name, columns, &foreign.table)
                },
                alike: &catalog::same_link,
                same: &|a, b| {
                    catalog::same_foreign_key(texts, a, b)
                        && catalog::same_name(a.name.as_deref(), b.name.as_deref())
                },
                show: &catalog::foreign_key_sql,
                label: &|_| "a foreign key".to_owned(),
                unsaid: &|found, wanted| {
                    wanted.match_name = wanted.match_name.take().or_else(|| found.match_name.clone());
                    wanted.name = wanted.name.take().or_else(|| found.name.clone());
                },
            },
        );
    }

    fn indexes(&mut self, table: &Table<'_>, merged: &mut TableInfo) {
        let texts = &table.texts;
        let sides = Constraints {
            live: &table.live.indexes,
            base: table.base.map(|base| base.indexes.as_slice()),
            wanted: &table.wanted.indexes,
        };
        merged.indexes = self.constraints(
            table,
            &sides,
            &Rules {
                key: &|index: &IndexInfo| key::index(&index.name),
                alike: &|a, b| eq_name(&a.name, &b.name),
                same: &|a, b| catalog::same_index(texts, a, b),
                show: &|index| index.sql.clone(),
                label: &|index| format!("index `{}`", index.name),
                unsaid: &|_, _| {},
            },
        );
    }

    /// Merges constraints (or indexes) of one kind: the file's order first, then what is new in the model's order.
    fn constraints<T: Clone>(
        &mut self,
        table: &Table<'_>,
        sides: &Constraints<'_, T>,
        rules: &Rules<'_, T>,
    ) -> Vec<T> {
        let name = &table.wanted.name;
        let mut merged = Vec::new();
        let explicit = self.sides.model.explicit;
        let said = |found: &T, other: &T| {
            let mut want = other.clone();
            if !explicit {
                (rules.unsaid)(found, &mut want);
            }
            want
        };
        let same_as_said = |found: &T, other: &T| (rules.same)(found, &said(found, other));
        let wants = pairs(sides.live, sides.wanted, rules.alike, &same_as_said);
        let bases = pairs(sides.live, sides.base.unwrap_or_default(), rules.alike, rules.same);
        for (at, found) in sides.live.iter().enumerate() {
            let key = (rules.key)(found);
            let managed = self.managed_last(&key);
            let Some(other) = wants.iter().position(|pair| *pair == Some(at)) else {
                // Removed from the model: dropped under every policy. Never the model's: left alone.
                if !managed {
                    self.carry(key);
                    merged.push(found.clone());
                }
                continue;
            };
            let want = said(found, &sides.wanted[other]);
            let base = bases.iter().position(|pair| *pair == Some(at)).filter(|_| managed);
            let base = base.and_then(|base| sides.base?.get(base));
            let what = format!("{} of `{name}`", (rules.label)(found));
            if table.base.is_some() {
                self.present(&format!("{} of `{name}`", (rules.show)(found)), &key);
            }
            let three = Three { live: found, base, wanted: &want };
            let take = self.decide(&what, &three, rules.same, rules.show);
            self.owners.set(key, State::Managed);
            merged.push(if take { want } else { found.clone() });
        }
        let new = sides.wanted.iter().zip(&wants).filter(|(_, pair)| pair.is_none());
        // Of two that are alike the model may have had one.
        let gone = |want: &T| {
            let lost = sides.base.unwrap_or_default().iter().zip(&bases).filter(|(_, pair)| pair.is_none());
            lost.into_iter().any(|(base, _)| (rules.alike)(base, want))
        };
        for (want, _) in new {
            let key = (rules.key)(want);
            if gone(want) {
                self.missing(&format!("{} of `{name}`", (rules.show)(want)), &key);
            }
            self.owners.set(key, State::Managed);
            merged.push(want.clone());
        }
        merged
    }

    /// A kept column whose type STRICT does not know stands in its way.
    fn left_over_types(&mut self, table: &Table<'_>, merged: &TableInfo) {
        if !merged.strict {
            return;
        }
        let known = |name: &str| {
            ["INT", "INTEGER", "REAL", "TEXT", "BLOB", "ANY"].iter().any(|known| eq_name(known, name))
        };
        let kept = merged.columns.iter().filter(|column| table.wanted.column(&column.name).is_none());
        for column in kept.filter(|column| !known(&column.type_name)) {
            let type_name = if column.type_name.is_empty() { "no type" } else { &column.type_name };
            self.conflicts.push(format!(
                "column `{}`.`{}` is not the model's and has the type {type_name}, which STRICT does not know",
                merged.name, column.name
            ));
        }
    }

    /// A word in double quotes is a string as long as no column has this name. With a new column it would mean that one: a
    /// partial index would no longer match its rows, a check no longer hold them.
    fn strings_become_names(&mut self, table: &Table<'_>, merged: &TableInfo) {
        let Table { live, .. } = *table;
        let texts = &table.texts;
        let is_new = |name: &str| merged.column(name).is_some() && live.column(name).is_none();
        let string = |sql: &str| {
            let tokens = schema_sql::significant(sql).unwrap_or_default();
            let mut strings =
                tokens.iter().filter(|token| token.text.starts_with('"')).filter_map(|token| token.ident());
            strings.find(|name| is_new(name)).map(|name| name.to_string())
        };
        let mut found: Vec<(String, Option<String>)> = Vec::new();
        for index in &live.indexes {
            if merged.index(&index.name).is_some_and(|kept| catalog::same_index(texts, index, kept)) {
                // Not the whole text: the names of the index and of the table stand in it.
                let exprs = index.terms.iter().filter(|term| term.is_expr).map(|term| term.term.as_str());
                let named = exprs.chain(index.filter.as_deref()).find_map(&string);
                found.push((format!("index `{}`", index.name), named));
            }
        }
        for check in &live.checks {
            if merged.checks.iter().any(|kept| catalog::same_check(texts, check, kept)) {
                found.push((catalog::check_sql(check), string(&check.expr)));
            }
        }
        for column in &live.columns {
            let rule = column.generated.as_ref();
            let kept = merged.column(&column.name).and_then(|kept| kept.generated.as_ref());
            if let Some(rule) = rule.filter(|_| catalog::same_generated(texts, rule, kept)) {
                found.push((format!("generated column `{}`", column.name), string(&rule.expr)));
            }
        }
        for (holder, name) in found {
            let Some(name) = name else { continue };
            self.conflicts.push(format!(
                "column `{}`.`{name}` is new, and {holder} has the string \"{name}\" in double quotes, which would then mean \
                 the column: write it in single quotes",
                merged.name
            ));
        }
    }

    /// What is not the model's but names a column that goes away stands in the way.
    fn left_over_names(&mut self, table: &Table<'_>, merged: &TableInfo) {
        let gone: Vec<&str> = table
            .live
            .columns
            .iter()
            .filter(|column| merged.column(&column.name).is_none())
            .map(|column| column.name.as_str())
            .collect();
        if gone.is_empty() {
            return;
        }
        let mut holders: Vec<(String, String)> = Vec::new();
        let names = |text: &str| schema_sql::idents(text).unwrap_or_default();
        for index in &merged.indexes {
            let mut used: Vec<String> = index.filter.as_deref().map(names).unwrap_or_default();
            for term in &index.terms {
                if term.is_expr { used.extend(names(&term.term)) } else { used.push(term.term.clone()) }
            }
            for name in gone.iter().filter(|name| used.iter().any(|used| eq_name(used, name))) {
                holders.push((format!("index `{}`", index.name), (*name).to_owned()));
            }
        }
        for column in &merged.columns {
            let used = column.generated.as_ref().map(|rule| names(&rule.expr)).unwrap_or_default();
            for name in gone.iter().filter(|name| used.iter().any(|used| eq_name(used, name))) {
                holders.push((format!("generated column `{}`", column.name), (*name).to_owned()));
            }
        }
        for check in &merged.checks {
            let used = names(&check.expr);
            for name in gone.iter().filter(|name| used.iter().any(|used| eq_name(used, name))) {
                holders.push((catalog::check_sql(check), (*name).to_owned()));
            }
        }
        for unique in &merged.uniques {
            for term in unique.terms.iter().filter(|term| gone.iter().any(|name| eq_name(name, &term.column)))
            {
                holders.push((catalog::unique_sql(unique), term.column.clone()));
            }
        }
        for foreign in &merged.foreign_keys {
            for column in
                foreign.columns.iter().filter(|column| gone.iter().any(|name| eq_name(name, column)))
            {
                holders.push((catalog::foreign_key_sql(foreign), column.clone()));
            }
        }
        for (holder, column) in holders {
            self.conflicts.push(format!(
                "column `{}`.`{column}` is to be dropped, but {holder}, which is not the model's, names it",
                table.wanted.name
            ));
        }
    }
}

/// Whether the column is a rowid alias on one side alone: `INT` and `INTEGER` then differ in meaning.
fn key_behaviour_differs(table: &Table<'_>, column: &str) -> bool {
    table.live.is_rowid_alias(column) != table.wanted.is_rowid_alias(column)
}

struct Constraints<'c, T> {
    live: &'c [T],
    base: Option<&'c [T]>,
    wanted: &'c [T],
}

/// Of each of `others` the place in `live` of the one that it is like, each once; those that are the same come first.
fn pairs<T>(
    live: &[T],
    others: &[T],
    alike: &dyn Fn(&T, &T) -> bool,
    same: &dyn Fn(&T, &T) -> bool,
) -> Vec<Option<usize>> {
    let mut pairs = vec![None; others.len()];
    for exactly in [true, false] {
        for (at, other) in others.iter().enumerate() {
            if pairs[at].is_some() {
                continue;
            }
            let fits = |(place, found): &(usize, &T)| {
                !pairs.contains(&Some(*place)) && alike(found, other) && (!exactly || same(found, other))
            };
            pairs[at] = live.iter().enumerate().find(fits).map(|(place, _)| place);
        }
    }
    pairs
}

/// How constraints of one kind are told apart, compared and shown.
struct Rules<'r, T> {
    key: &'r dyn Fn(&T) -> String,
    alike: &'r dyn Fn(&T, &T) -> bool,
    same: &'r dyn Fn(&T, &T) -> bool,
    show: &'r dyn Fn(&T) -> String,
    /// What to call it in a message, before its value.
    label: &'r dyn Fn(&T) -> String,
    /// Fills what a model cannot say from what the file holds.
    unsaid: &'r dyn Fn(&T, &mut T),
}
