//! The safe way instead of what was found, in one line; `docs/hazards.md` says more.

use crate::plan::HazardCode as H;

/// What to do instead.
pub(super) fn of(code: H) -> &'static str {
    match code {
        H::DropTable => "leave the table for a release in which nobody reads it, then drop it",
        H::DropColumn => "leave the column for a release in which nobody reads it, then drop it",
        H::DropVirtualTable => "keep the content in a plain table, from which the index can be filled again",
        H::AllRows => "say with WHERE which rows are meant",
        H::NotNull => "add the column with a default, or first fill it and then make it NOT NULL",
        H::Unique => "find the duplicates and mend them first, in the same file or in one before",
        H::Check => "mend the rows that break the rule first, in the same file or in one before",
        H::FailsWithRows => "write it for tables that have rows, NULLs and references in them",
        H::Rewrite => "use ALTER TABLE where it does; else put all changes of the table into one copy",
        H::Scan | H::BuildIndex => "run it at a quiet time where the table is large",
        H::Update => "give the column a default, and let the program fill it bit by bit",
        H::Rename => "keep the old name in the file, or leave a view with it for programs that read",
        H::Removal => "keep the view for a release in which nobody reads it",
        H::Tightened => "let the program obey the rule for a release before the schema does",
        H::VagueName => "say what it does: `034_split_names.sql`",
        H::NoDescription => "say in a comment above the first statement what it is for",
        H::Unrelated => "give each change a file of its own",
        H::NoDown => "write the way back beside it: `034_split_names.down.sql`",
        H::InexactDown => "take back in the down file all that the migration makes, in the opposite order",
        H::HidesDrift => {
            "leave IF [NOT] EXISTS out: where the object is not as expected, the migration shall fail"
        }
        H::Untried => "let the files of the folder make all that they use",
        _ => "see docs/hazards.md",
    }
}
