//! The text that a migration's checksum is made of.

/// `text` as it is hashed: without a byte order mark, line ends as LF, without blanks at the ends of lines and without empty
/// lines at the end. What is left ends with LF, unless nothing is left.
///
/// So an editor or a version control system that changes only these does not change a checksum.
pub fn checksum_text(text: &[u8]) -> Vec<u8> {
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    let mut out = Vec::with_capacity(text.len() + 1);
    let mut bytes = text.iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        match byte {
            b'\r' | b'\n' => {
                if byte == b'\r' {
                    bytes.next_if_eq(&b'\n');
                }
                trim_blanks(&mut out);
                out.push(b'\n');
            }
            _ => out.push(byte),
        }
    }
    trim_blanks(&mut out);
    while out.last() == Some(&b'\n') {
        out.pop();
    }
    if !out.is_empty() {
        out.push(b'\n');
    }
    out
}

fn trim_blanks(out: &mut Vec<u8>) {
    while matches!(out.last(), Some(b' ' | b'\t')) {
        out.pop();
    }
}

#[cfg(test)]
mod tests {
    use super::checksum_text;

    #[test]
    fn only_text_that_an_editor_would_not_change_by_itself_counts() {
        for text in ["a\n  b\n", "\u{feff}a\r\n  b", "a \r  b\t\r\r", "a\t \n  b  \n\n \n"] {
            assert_eq!(checksum_text(text.as_bytes()), b"a\n  b\n", "{text:?}");
        }
        assert_eq!(checksum_text(b"\xef\xbb\xbf \n\t\r\n"), b"");
        assert_ne!(checksum_text(b"a\nb"), checksum_text(b"a\n\nb"));
        assert_eq!(checksum_text(b"\xff\x00 \n"), b"\xff\x00\n");
    }
}
