//! Collects every mistake of one macro call, so that all are reported at once.

use std::cell::RefCell;

use proc_macro2::{Span, TokenStream};

/// The mistakes found so far.
#[derive(Default)]
pub(crate) struct Errors(RefCell<Option<syn::Error>>);

impl Errors {
    /// Adds a mistake at `span`.
    pub(crate) fn at(&self, span: Span, message: impl std::fmt::Display) {
        self.push(syn::Error::new(span, message));
    }

    /// Adds what a parser found.
    pub(crate) fn push(&self, error: syn::Error) {
        let mut all = self.0.borrow_mut();
        match &mut *all {
            Some(all) => all.combine(error),
            None => *all = Some(error),
        }
    }

    /// `compile_error!` calls for all mistakes; `None` if there are none.
    pub(crate) fn finish(self) -> Option<TokenStream> {
        self.0.into_inner().map(|error| error.to_compile_error())
    }
}

/// `` `a`, `b` and `c` ``, for messages.
pub(crate) fn list<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let names: Vec<String> = names.into_iter().map(|name| format!("`{name}`")).collect();
    match names.split_last() {
        None => "none".to_owned(),
        Some((only, [])) => only.clone(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
    }
}
