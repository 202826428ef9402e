//! `migrations!`: the files of a folder, checked now and compiled into the program.

use std::fs;
use std::path::Path;

use proc_macro2::TokenStream;
use quote::quote;
use schema_sql::Snippet;
use schema_sql::migration::{file_names, script};
use syn::{Error, LitStr, Result};

/// The call that reads the files of `folder`, beside the manifest of the crate that is compiled.
pub(crate) fn expand(folder: &LitStr) -> Result<TokenStream> {
    let wrong = |what: String| Error::new(folder.span(), what);
    let manifest =
        std::env::var("CARGO_MANIFEST_DIR").map_err(|_| wrong("this is not compiled by cargo".to_owned()))?;
    let path = Path::new(&manifest).join(folder.value());
    let unread = |name: &str, err: std::io::Error| {
        wrong(format!("cannot read `{name}` beside Cargo.toml: {}", err.kind()))
    };
    let mut names = Vec::new();
    for entry in fs::read_dir(&path).map_err(|err| unread(&folder.value(), err))? {
        let entry = entry.map_err(|err| unread(&folder.value(), err))?;
        names.push(entry.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    file_names(names.iter().map(String::as_str))
        .map_err(|error| wrong(format!("{}; {}", error.what, error.help)))?;
    names.retain(|name| name.ends_with(".sql"));
    let mut files = Vec::new();
    for name in &names {
        let file = path.join(name);
        let text = fs::read_to_string(&file).map_err(|err| unread(name, err))?;
        script(&text).map_err(|fault| {
            let place = Snippet::new(&text, fault.at, fault.len);
            let help = fault.help.map(|help| format!("; {help}")).unwrap_or_default();
            wrong(format!("{name}:{}:{}: {}{help}", place.line(), place.column(), fault.what))
        })?;
        let relative = format!("/{}/{name}", folder.value().trim_matches('/'));
        // The compiler looks at the file, and compiles again when it changes.
        files.push(quote!((#name, ::core::include_str!(::core::concat!(::core::env!("CARGO_MANIFEST_DIR"), #relative)))));
    }
    Ok(quote!(::schema_runtime::Migrations::from_files(&[#(#files),*])))
}

#[cfg(test)]
mod tests {
    use proc_macro2::Span;

    use super::*;

    #[test]
    fn a_folder_that_is_wrong_does_not_compile() {
        for (folder, part) in [
            ("twice", "`001_a.sql` and `001_b.sql` have the same number"),
            ("lone", "`001_a.down.sql` leads back, and nothing leads there"),
            ("bad", "001_a.sql:2:3: `COMMIT` in a migration; take it out"),
            ("nowhere", "cannot read `../tests/ui/migrations/nowhere` beside Cargo.toml: entity not found"),
        ] {
            let folder = LitStr::new(&format!("../tests/ui/migrations/{folder}"), Span::call_site());
            let error = expand(&folder).expect_err(part).to_string();
            assert!(error.contains(part), "{error}");
        }
    }
}
