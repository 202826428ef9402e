//! `migrates_from_every_release!`: the names of the snapshots in a folder, each of which becomes a test.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::parse::{Parse, ParseStream};
use syn::{Error, Expr, Ident, LitStr, Result, Token};

/// `SCHEMA, "schema", fixtures: "tests/fixtures"`.
pub(crate) struct Releases {
    model: Expr,
    folder: LitStr,
    fixtures: Option<LitStr>,
    root: Option<syn::Path>,
}

impl Parse for Releases {
    fn parse(input: ParseStream<'_>) -> Result<Releases> {
        let model = input.parse()?;
        input.parse::<Token![,]>()?;
        let mut releases = Releases { model, folder: input.parse()?, fixtures: None, root: None };
        while !input.is_empty() {
            input.parse::<Token![,]>()?;
            if input.is_empty() {
                break;
            }
            if input.peek(Token![crate]) {
                input.parse::<Token![crate]>()?;
                input.parse::<Token![:]>()?;
                releases.root = Some(input.parse()?);
                continue;
            }
            let name: Ident = input.parse()?;
            if name != "fixtures" {
                return Err(Error::new(
                    name.span(),
                    format!("unknown entry `{name}`; expected `fixtures` or `crate`"),
                ));
            }
            input.parse::<Token![:]>()?;
            releases.fixtures = Some(input.parse()?);
        }
        Ok(releases)
    }
}

/// One function a release, and one for the folder.
pub(crate) fn expand(releases: &Releases) -> Result<TokenStream> {
    let Releases { model, folder, fixtures, root } = releases;
    let root = root.as_ref().map_or_else(|| quote!(::schema_runtime), |root| quote!(#root));
    let versions = versions(folder)?;
    let names = names(&versions).map_err(|what| Error::new(folder.span(), what))?;
    let fixtures = match fixtures {
        Some(path) => quote!(::core::option::Option::Some(::std::path::Path::new(#path))),
        None => quote!(::core::option::Option::None),
    };
    let migrator = quote!(#root::__private::Tested::migrator(&(#model)));
    let tests = versions.iter().zip(&names).map(|(version, name)| {
        let relative = format!("/{}/{version}.json", folder.value().trim_matches('/'));
        quote! {
            #[::core::prelude::v1::test]
            fn #name() {
                // The compiler looks at the file, and compiles again when it changes or goes.
                const _: &[::core::primitive::u8] =
                    ::core::include_bytes!(::core::concat!(::core::env!("CARGO_MANIFEST_DIR"), #relative));
                #root::testing::assert_release(#migrator, #folder, #version, #fixtures);
            }
        }
    });
    Ok(quote! {
        #(#tests)*

        #[::core::prelude::v1::test]
        fn every_release_is_tested() {
            #root::testing::assert_releases(#migrator, #folder, #fixtures, &[#(#versions),*]);
        }
    })
}

/// What the folder has, in the order of names; nothing where it is not there yet, which the test of the folder says.
fn versions(folder: &LitStr) -> Result<Vec<String>> {
    let wrong = |what: String| Error::new(folder.span(), what);
    let manifest =
        std::env::var("CARGO_MANIFEST_DIR").map_err(|_| wrong("this is not compiled by cargo".to_owned()))?;
    let path = Path::new(&manifest).join(folder.value());
    let unread = |err: std::io::Error| {
        wrong(format!("cannot read `{}` beside Cargo.toml: {}", folder.value(), err.kind()))
    };
    let entries = match fs::read_dir(&path) {
        Err(err) if err.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(unread)?,
    };
    let mut versions = Vec::new();
    for entry in entries {
        let name = entry.map_err(unread)?.file_name().to_string_lossy().into_owned();
        versions.extend(name.strip_suffix(".json").map(str::to_owned));
    }
    versions.sort();
    Ok(versions)
}

/// `migrates_from_1_2_0` for `1.2.0`.
fn names(versions: &[String]) -> std::result::Result<Vec<Ident>, String> {
    let mut names: Vec<(String, &str)> = Vec::new();
    for version in versions {
        let plain = |char: char| if char.is_ascii_alphanumeric() { char.to_ascii_lowercase() } else { '_' };
        let name = format!("migrates_from_{}", version.chars().map(plain).collect::<String>());
        if let Some((_, other)) = names.iter().find(|(taken, _)| *taken == name) {
            return Err(format!(
                "the tests of `{other}.json` and `{version}.json` would both be called `{name}`"
            ));
        }
        names.push((name, version));
    }
    Ok(names.iter().map(|(name, _)| Ident::new(name, Span::call_site())).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(input: &str) -> String {
        match syn::parse_str::<Releases>(input).and_then(|releases| expand(&releases)) {
            Ok(tokens) => tokens.to_string(),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn a_folder_that_is_not_there_yet_has_the_test_that_says_so() {
        let tokens = told("SCHEMA, \"nowhere/\"");
        assert!(tokens.contains("fn every_release_is_tested"), "{tokens}");
        assert!(!tokens.contains("migrates_from"), "{tokens}");
    }

    #[test]
    fn what_is_no_entry_does_not_compile() {
        for (input, part) in [
            ("SCHEMA", "expected `,`"),
            ("SCHEMA, schema", "expected string literal"),
            ("SCHEMA, \"schema\", fixture: \"f\"", "unknown entry `fixture`; expected `fixtures` or `crate`"),
            ("SCHEMA, \"src/lib.rs\"", "cannot read `src/lib.rs` beside Cargo.toml: not a directory"),
        ] {
            let error = told(input);
            assert!(error.contains(part), "{error}");
        }
    }

    #[test]
    fn a_release_has_a_name_of_its_own() {
        let of = |versions: &[&str]| {
            let versions: Vec<String> = versions.iter().map(|version| (*version).to_owned()).collect();
            names(&versions).map(|names| names.iter().map(ToString::to_string).collect::<Vec<_>>())
        };
        let names = of(&["1.10.0", "1.2.0-RC.1"]).expect("names");
        assert_eq!(names, ["migrates_from_1_10_0", "migrates_from_1_2_0_rc_1"]);
        let error = of(&["1.2-0", "1.2.0"]).expect_err("one name");
        assert!(error.contains("`1.2-0.json` and `1.2.0.json` would both be called"), "{error}");
    }
}
