//! From source text to tokens.

use crate::fold::nfc;
use crate::problem::{Problem, code};
use crate::tree::Span;

/// A word of the language.
#[derive(Clone, Debug, PartialEq)]
pub enum Token {
    /// A name or keyword.
    Name(String),
    /// A whole number; its digits.
    Int(String),
    /// A number with a point; its text.
    Decimal(String),
    /// A number with an exponent.
    Float(f64),
    /// Text between quotes, unescaped, in normal form C.
    Text(String),
    /// An operator or bracket.
    Sign(&'static str),
    /// Behind the last word.
    End,
}

/// A word and its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Placed {
    /// The word.
    pub token: Token,
    /// Its place.
    pub span: Span,
}

/// Longer ones before their beginnings.
const SIGNS: [&str; 24] = [
    "==", "!=", "<=", ">=", "&&", "||", "??", "<", ">", "!", "+", "-", "*", "/", "%", "(", ")", "[", "]",
    "{", "}", ",", ".", ";",
];

/// Signs of other languages, and what to write here.
const FOREIGN: [(&str, &str); 6] = [
    ("=", "write `==` to compare"),
    ("&", "write `&&`"),
    ("|", "write `||`"),
    ("?", "write `if a { b } else { c }`, or `??` for a value in place of null"),
    ("^", "there are no powers; multiply"),
    ("$", "names have no `$` here: `record.…`, `user.…`, `settings.…`"),
];

/// All words of the source.
pub fn tokens(source: &str) -> Result<Vec<Placed>, Problem> {
    let mut lexer = Lexer { source, at: 0 };
    let mut out = Vec::new();
    loop {
        let placed = lexer.next()?;
        let end = placed.token == Token::End;
        out.push(placed);
        if end {
            return Ok(out);
        }
    }
}

struct Lexer<'a> {
    source: &'a str,
    at: usize,
}

/// A byte range as a span; sources are far shorter than 4 GiB.
pub fn span(start: usize, end: usize) -> Span {
    Span { start: u32::try_from(start).unwrap_or(u32::MAX), end: u32::try_from(end).unwrap_or(u32::MAX) }
}

impl Lexer<'_> {
    fn rest(&self) -> &str {
        self.source.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn take_while(&mut self, test: impl Fn(char) -> bool) {
        while let Some(c) = self.peek().filter(|c| test(*c)) {
            self.at += c.len_utf8();
        }
    }

    fn next(&mut self) -> Result<Placed, Problem> {
        self.take_while(char::is_whitespace);
        let start = self.at;
        let token = match self.peek() {
            None => Token::End,
            Some(c) if c.is_ascii_alphabetic() || c == '_' => {
                self.take_while(|c| c.is_ascii_alphanumeric() || c == '_');
                Token::Name(self.source.get(start..self.at).unwrap_or_default().to_owned())
            }
            Some(c) if c.is_ascii_digit() => self.number(start)?,
            Some(quote @ ('"' | '\'')) => self.text(quote, start)?,
            Some(c) => self.sign(c, start)?,
        };
        Ok(Placed { token, span: span(start, self.at) })
    }

    fn number(&mut self, start: usize) -> Result<Token, Problem> {
        let digit = |c: char| c.is_ascii_digit();
        self.take_while(digit);
        let mut point = false;
        if self.rest().starts_with('.') && self.rest().chars().nth(1).is_some_and(digit) {
            point = true;
            self.at += 1;
            self.take_while(digit);
        }
        let mut exponent = false;
        if self.rest().starts_with(['e', 'E']) {
            let tail = self.rest().trim_start_matches(['e', 'E']);
            if tail.trim_start_matches(['-', '+']).starts_with(digit) {
                exponent = true;
                self.at += 1;
                self.take_while(|c| c == '-' || c == '+');
                self.take_while(digit);
            }
        }
        if self.peek().is_some_and(|c| c.is_alphanumeric() || c == '_') {
            self.take_while(|c| c.is_alphanumeric() || c == '_');
            return Err(self
                .fault(start, "a number ends in letters")
                .hint(Some("durations are text: `\"7d\"`; digits are not grouped".to_owned())));
        }
        let text = self.source.get(start..self.at).unwrap_or_default().to_owned();
        if exponent {
            let number: Option<f64> = text.parse().ok().filter(|n: &f64| n.is_finite());
            return number.map(Token::Float).ok_or_else(|| self.fault(start, "the number is out of range"));
        }
        Ok(if point { Token::Decimal(text) } else { Token::Int(text) })
    }

    fn text(&mut self, quote: char, start: usize) -> Result<Token, Problem> {
        self.at += 1;
        let mut out = String::new();
        loop {
            let Some(c) = self.peek() else {
                return Err(self.fault(start, "the text is not closed").expected(format!("`{quote}`")));
            };
            self.at += c.len_utf8();
            match c {
                '\\' => out.push(self.escape()?),
                '\0' => return Err(self.fault(self.at - 1, "text must not hold NUL")),
                c if c == quote => return Ok(Token::Text(nfc(&out))),
                c => out.push(c),
            }
        }
    }

    /// What stands behind a backslash.
    fn escape(&mut self) -> Result<char, Problem> {
        let start = self.at - 1;
        let c = self.peek();
        self.at += c.map_or(0, char::len_utf8);
        match c {
            Some('n') => Ok('\n'),
            Some('t') => Ok('\t'),
            Some('r') => Ok('\r'),
            Some(c @ ('"' | '\'' | '\\')) => Ok(c),
            Some('u') => self.unicode(start),
            _ => Err(self
                .fault(start, "unknown escape")
                .expected("`\\n`, `\\t`, `\\r`, `\\\"`, `\\'`, `\\\\`, `\\u00e9` or `\\u{1F600}`")),
        }
    }

    fn unicode(&mut self, start: usize) -> Result<char, Problem> {
        let braced = self.rest().starts_with('{');
        let digits = if braced {
            self.rest().get(1..).and_then(|rest| rest.split_once('}')).map(|(digits, _)| digits.to_owned())
        } else {
            self.rest().get(..4).map(str::to_owned)
        };
        let decoded = digits.as_deref().and_then(|digits| {
            let well_formed =
                (1..=6).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_hexdigit());
            well_formed.then(|| u32::from_str_radix(digits, 16).ok().and_then(char::from_u32)).flatten()
        });
        match (decoded, digits) {
            (Some(c), Some(digits)) if c != '\0' => {
                self.at += digits.len() + if braced { 2 } else { 0 };
                Ok(c)
            }
            _ => {
                Err(self.fault(start, "the escape names no character").expected("`\\u00e9` or `\\u{1F600}`"))
            }
        }
    }

    fn sign(&mut self, c: char, start: usize) -> Result<Token, Problem> {
        if let Some(sign) = SIGNS.iter().find(|sign| self.rest().starts_with(**sign)) {
            self.at += sign.len();
            return Ok(Token::Sign(sign));
        }
        self.at += c.len_utf8();
        let hint = FOREIGN.iter().find(|(sign, _)| sign.starts_with(c)).map(|(_, hint)| (*hint).to_owned());
        Err(self.fault(start, format!("`{}` does not belong here", c.escape_debug())).hint(hint))
    }

    fn fault(&self, start: usize, message: impl Into<String>) -> Problem {
        Problem::new(code::SYNTAX, span(start, self.at), message)
    }
}
