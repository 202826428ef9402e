//! For `#[serde(with = "schema_runtime::json")]`: a field that is a JSON text where its struct is read and written through serde.
//!
//! `#[column(json)]` says what the column is; crates that turn whole structs into rows through serde, such as
//! `serde_rusqlite`, must be told as well, since a row has no place for a nested value. [`Json`](crate::Json) does the same for
//! rusqlite's `ToSql` and `FromSql`.
//!
//! ```
//! use schema_runtime::Table;
//! use serde::{Deserialize, Serialize};
//!
//! #[derive(Debug, PartialEq, Serialize, Deserialize, Table)]
//! struct Artifact {
//!     #[column(primary_key)]
//!     id: i64,
//!     #[column(json)]
//!     #[serde(with = "schema_runtime::json")]
//!     tags: Vec<String>,
//! }
//!
//! let artifact = Artifact { id: 1, tags: vec!["log".to_owned()] };
//! let row = serde_json::to_string(&artifact)?;
//! assert_eq!(row, r#"{"id":1,"tags":"[\"log\"]"}"#);
//! assert_eq!(serde_json::from_str::<Artifact>(&row)?, artifact);
//! # Ok::<(), serde_json::Error>(())
//! ```

use serde::de::{DeserializeOwned, Error as _};
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Writes `value` as a JSON text; the JSON `null`, as of an `Option` without a value, as NULL.
///
/// # Errors
/// Where serde cannot write the value as JSON.
pub fn serialize<T: Serialize, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    match serde_json::to_string(value).map_err(S::Error::custom)?.as_str() {
        "null" => serializer.serialize_none(),
        text => serializer.serialize_str(text),
    }
}

/// Reads a value from its JSON text, or from NULL.
///
/// # Errors
/// Where the text is not the JSON of a `T`.
pub fn deserialize<'de, T: DeserializeOwned, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    serde_json::from_str(text.as_deref().unwrap_or("null")).map_err(D::Error::custom)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Row {
        #[serde(with = "super")]
        value: Option<Vec<u8>>,
    }

    #[test]
    fn an_option_without_a_value_is_null_and_comes_back() {
        for (row, text) in [
            (Row { value: None }, r#"{"value":null}"#),
            (Row { value: Some(vec![1]) }, r#"{"value":"[1]"}"#),
        ] {
            assert_eq!(serde_json::to_string(&row).expect("text"), text);
            assert_eq!(serde_json::from_str::<Row>(text).expect("a row"), row);
        }
        assert!(serde_json::from_str::<Row>(r#"{"value":"{"}"#).is_err());
    }
}
