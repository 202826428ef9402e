//! `--json`: one document a call, whatever happens, with the fields that `docs/command.md` lists.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::support::{call, place, said};

/// Every field of every document, by the words in code quotes of the page.
fn documented() -> BTreeSet<String> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/command.md");
    let page = fs::read_to_string(page).expect("the page");
    let fields = page.split_once("## JSON").expect("the section on JSON").1;
    fields.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// The fields in `value`; names that users gave to things are values, never fields.
fn fields(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(object) => {
            for (name, value) in object {
                found.insert(name.clone());
                fields(value, found);
            }
        }
        Value::Array(list) => list.iter().for_each(|value| fields(value, found)),
        _ => {}
    }
}

#[test]
fn every_verb_prints_one_document_of_documented_fields_and_its_exit_code() {
    let place = place();
    fs::write(
        place.path().join("rich.sql"),
        "CREATE TABLE a (id INTEGER PRIMARY KEY AUTOINCREMENT, b TEXT COLLATE NOCASE DEFAULT 'x', c GENERATED ALWAYS AS (b) STORED,
             CONSTRAINT u UNIQUE (b), CHECK (b <> ''));
         CREATE TABLE d (x INTEGER NOT NULL REFERENCES a (id) DEFERRABLE INITIALLY DEFERRED, PRIMARY KEY (x)) WITHOUT ROWID, STRICT;
         CREATE INDEX e ON a (b DESC) WHERE c IS NOT NULL;
         CREATE VIEW v AS SELECT 1;
         CREATE TRIGGER t AFTER INSERT ON a BEGIN SELECT 1; END;
         CREATE VIRTUAL TABLE f USING fts5(text);",
    )
    .expect("a target");
    // In this order: each call finds what the ones before have left.
    let calls: &[(&str, &str, i32)] = &[
        ("schema", "apply app.db --to v1.sql", 0),
        (
            "sql",
            "app.db INSERT/INTO/user/(name)/VALUES/(NULL);INSERT/INTO/task/(owner,title,estimate)/VALUES/(1,'t','x')",
            0,
        ),
        ("schema", "plan app.db --to v2.sql --out plan.json --exit-code", 2),
        ("schema", "plan app.db --to numbers.sql", 3),
        ("schema", "plan app.db --to numbers.sql --allow L103", 0),
        ("schema", "plan app.db --to fewer.sql --removed drop", 0),
        ("schema", "plan app.db --to renamed.sql --rename user=person --rename user.name=full_name", 0),
        ("schema", "check app.db --to v2.sql", 2),
        ("schema", "check app.db --to v2.sql --time-limit 1ms", 3),
        ("schema", "status app.db --to v2.sql", 0),
        ("schema", "status app.db --to strict_name.sql", 0),
        ("schema", "status app.db", 0),
        ("schema", "apply app.db --plan plan.json", 0),
        ("schema", "apply app.db --plan plan.json", 3),
        ("schema", "apply app.db --to v2.sql --dry-run", 0),
        ("schema", "apply app.db --to fewer.sql --allow-revert --no-backup", 0),
        ("schema", "history app.db", 0),
        ("schema", "diff v1.sql v2.sql", 2),
        ("schema", "diff v1.sql rich.sql", 2),
        ("schema", "diff rich.sql v1.sql", 2),
        ("schema", "apply rich.db --to rich.sql", 0),
        ("schema", "inspect rich.db", 0),
        ("schema", "inspect rich.db --rust", 0),
        ("schema", "inspect rich.db --mermaid", 0),
        ("schema", "inspect rich.db --sql", 0),
        ("schema", "baseline rich.db", 0),
        ("schema", "baseline rich.db --as v1.sql", 3),
        ("schema", "doctor app.db --to v2.sql", 0),
        ("schema", "doctor app.db --to v2.sql --fail-under 100", 1),
        ("schema", "backup app.db create", 0),
        ("schema", "backup app.db list", 0),
        ("schema", "backup app.db verify", 0),
        ("schema", "backup app.db prune --keep-count 1", 0),
        ("schema", "completions bash", 0),
        ("schema", "man plan", 0),
        ("schema", "frobnicate", 1),
        ("schema", "apply app.db --to syntax_error.sql", 1),
        ("schema", "plan none.db --to v1.sql", 1),
        ("schema", "check app.db --config none.toml", 1),
        ("notes_old", "apply own.db", 0),
        ("notes", "apply own.db", 0),
        ("notes_old", "status own.db", 0),
        ("notes_old", "check own.db", 3),
        ("sql", "own.db UPDATE/migration_history/SET/name='x'", 0),
        ("notes", "check own.db", 4),
        ("notes", "status own.db", 0),
    ];
    let documented = documented();
    let mut unknown = BTreeSet::new();
    for (program, line, code) in calls {
        let mut arguments: Vec<String> = line.split(' ').map(|word| word.replace('/', " ")).collect();
        if *program != "sql" {
            arguments.push("--json".to_owned());
        }
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let said = said(call(program, place.path(), &arguments).output().expect("it runs"));
        assert_eq!(said.code, Some(*code), "{line}: {}{}", said.stdout, said.stderr);
        if *program == "sql" {
            continue;
        }
        let document: Value =
            serde_json::from_str(&said.stdout).unwrap_or_else(|err| panic!("{line}: {err}"));
        assert_eq!((&document["format"], &document["exit"]), (&1.into(), &(*code).into()), "{line}");
        let verb = if line.starts_with("frob") { "" } else { line.split(' ').next().unwrap_or_default() };
        assert_eq!(document["verb"], verb, "{line}");
        if let Value::Object(error) = &document["error"] {
            assert_eq!(error["exit"], *code, "{line}");
            assert!(said.stderr.contains(error["what"].as_str().expect("a text")), "{line}: {}", said.stderr);
        }
        let mut found = BTreeSet::new();
        fields(&document, &mut found);
        unknown.extend(found.difference(&documented).map(|field| format!("{field} ({line})")));
    }
    assert!(unknown.is_empty(), "{unknown:#?}");
}

#[test]
fn a_plan_says_what_it_does_field_by_field() {
    let place = place();
    let call = |arguments: &[&str]| {
        let said = said(call("schema", place.path(), arguments).output().expect("it runs"));
        serde_json::from_str::<Value>(&said.stdout).expect("JSON")
    };
    call(&["apply", "app.db", "--to", "v1.sql", "--json"]);
    let document = call(&["plan", "app.db", "--to", "v2.sql", "--json"]);
    assert_eq!(document["pending"], true);
    let plan = &document["plan"];
    assert_eq!(
        (&plan["model"], &plan["version"], &plan["complexity"]),
        (&"main".into(), &"2.0".into(), &"simple".into())
    );
    let texts: Vec<&str> = plan["steps"]
        .as_array()
        .expect("steps")
        .iter()
        .flat_map(|step| step["changes"].as_array().expect("changes"))
        .map(|change| change["text"].as_str().expect("a text"))
        .collect();
    assert_eq!(
        texts,
        [
            "alter nullability of user.name: NULL -> NOT NULL",
            "add column user.email",
            "create index task_owner on task"
        ]
    );
    let first = &plan["steps"][0];
    assert_eq!(first["number"], 1);
    assert_eq!(first["method"], "catalog");
    assert!(first["sql"][0].as_str().expect("SQL").starts_with("UPDATE main.sqlite_schema SET sql = "));
    assert_eq!(first["changes"][1]["verb"], "add_column");
    assert_eq!(plan["steps"][1]["sql"], serde_json::json!(["CREATE INDEX main.task_owner ON task (owner)"]));
}
