//! Slugs: text as part of a URL.

use unicode_normalization::UnicodeNormalization;

/// The text in lower case, with words joined by `-`, for URLs and file names.
///
/// Latin letters lose their accents, and ligatures are spelt out. Letters and digits of other scripts
/// do not change. Everything else separates words.
#[commensal_sdk::function(deterministic)]
pub fn slugify(text: &str) -> String {
    let mut slug = String::with_capacity(text.len());
    let mut pending_hyphen = false;
    let mut after_latin = false;
    for c in text.nfkd().flat_map(char::to_lowercase) {
        if is_mark(c) {
            // Latin letters lose an accent. In other scripts it can make another letter (й, が).
            if !after_latin && !slug.is_empty() && !pending_hyphen {
                slug.push(c);
            }
        } else if let Some(latin) = spelt_out(c) {
            push_word(&mut slug, &mut pending_hyphen);
            slug.push_str(latin);
            after_latin = true;
        } else if c.is_alphanumeric() {
            push_word(&mut slug, &mut pending_hyphen);
            slug.push(c);
            after_latin = c.is_ascii();
        } else if !is_apostrophe(c) {
            pending_hyphen = !slug.is_empty();
            after_latin = false;
        }
    }
    slug.nfc().collect()
}

fn push_word(slug: &mut String, pending_hyphen: &mut bool) {
    if std::mem::take(pending_hyphen) {
        slug.push('-');
    }
}

/// Combining marks, which decomposition separates from letters.
fn is_mark(c: char) -> bool {
    unicode_normalization::char::is_combining_mark(c)
}

/// An apostrophe within a word does not separate: "it's" is one word.
fn is_apostrophe(c: char) -> bool {
    matches!(c, '\'' | '\u{2018}' | '\u{2019}')
}

/// Latin letters that have no decomposition.
fn spelt_out(c: char) -> Option<&'static str> {
    Some(match c {
        'ß' => "ss",
        'æ' => "ae",
        'œ' => "oe",
        'ø' => "o",
        'đ' | 'ð' => "d",
        'ħ' => "h",
        'ı' => "i",
        'ł' => "l",
        'ŋ' => "ng",
        'þ' => "th",
        'ŧ' => "t",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slugs() {
        let cases = [
            ("", ""),
            ("  Hello,  World! ", "hello-world"),
            ("Crème Brûlée & Œufs!", "creme-brulee-oeufs"),
            ("Straße in Łódź, Þingvellir", "strasse-in-lodz-thingvellir"),
            ("It's 5 o\u{2019}clock", "its-5-oclock"),
            ("İstanbul", "istanbul"),
            ("Привет, мир: йод", "привет-мир-йод"),
            ("が は 한국어", "が-は-한국어"),
            ("ﬁne ½ ²", "fine-1-2-2"),
            ("---", ""),
            ("a\u{301}--b", "a-b"),
            ("👍 ok", "ok"),
        ];
        for (text, expected) in cases {
            assert_eq!(slugify(text), expected, "{text}");
        }
    }

    #[test]
    fn a_slug_of_a_slug_is_itself() {
        for text in ["Crème & Œufs!", "Привет, мир", "ก็ 한국어"] {
            let slug = slugify(text);
            assert_eq!(slugify(&slug), slug);
        }
    }
}
