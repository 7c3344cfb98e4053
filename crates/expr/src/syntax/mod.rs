//! The grammar of expression text: from tokens to an unchecked tree. Precedence, from loose to tight, as in Rhai:
//! `||`, `&&`, `== !=`, `in`, `< <= > >=`, `??`, `+ -`, `* / %`, then `!` and `-` before an operand.
//!
//! Recursion is bounded by [`MOST_DEPTH`], which also bounds the depth of the tree that comes out.

mod token;

use token::{Placed, Token};

use crate::problem::{Problem, code};
use crate::tree::{BinaryOp, Span};

/// Sources longer than this many bytes are refused.
pub const MOST_BYTES: usize = 16 * 1024;
/// Trees deeper than this are refused; chains of `&&` and of `||` count once.
pub const MOST_DEPTH: usize = 64;

/// An unchecked expression.
#[derive(Debug)]
pub struct Ast {
    /// What it is.
    pub kind: Kind,
    /// Where it stands.
    pub span: Span,
    depth: usize,
}

/// Kinds of unchecked expressions.
#[derive(Debug)]
pub enum Kind {
    /// Digits, perhaps with a minus before them.
    Int(String),
    /// Digits with a point.
    Decimal(String),
    /// A number with an exponent.
    Float(f64),
    /// Text.
    Text(String),
    /// `true`, `false`
    Bool(bool),
    /// `null`
    Null,
    /// `[a, b]`
    List(Vec<Ast>),
    /// A root and the names after it.
    Path(Vec<(String, Span)>),
    /// A call and where its name stands.
    Call(String, Span, Vec<Ast>),
    /// `!a`
    Not(Box<Ast>),
    /// `-a`
    Negate(Box<Ast>),
    /// `a && b && …`
    And(Vec<Ast>),
    /// `a || b || …`
    Or(Vec<Ast>),
    /// Comparison and arithmetic.
    Binary(BinaryOp, Box<Ast>, Box<Ast>),
    /// `a in b`
    In(Box<Ast>, Box<Ast>),
    /// `a ?? b`
    Coalesce(Box<Ast>, Box<Ast>),
    /// `if a { b } else { c }`
    If(Box<Ast>, Box<Ast>, Box<Ast>),
}

#[derive(Clone, Copy)]
enum Infix {
    And,
    Or,
    In,
    Coalesce,
    Binary(BinaryOp),
}

/// Parses the whole source.
pub fn parse(source: &str) -> Result<Ast, Problem> {
    if source.len() > MOST_BYTES {
        return Err(Problem::new(code::LIMIT, Span::default(), "the expression is too long")
            .expected(format!("at most {MOST_BYTES} bytes"))
            .found(format!("{} bytes", source.len())));
    }
    let mut parser = Parser { tokens: token::tokens(source)?, at: 0, depth: 0 };
    let ast = parser.expression(0)?;
    if parser.peek() != &Token::End {
        return Err(parser.unexpected("an operator or the end"));
    }
    Ok(ast)
}

struct Parser {
    tokens: Vec<Placed>,
    at: usize,
    depth: usize,
}

impl Parser {
    fn placed(&self) -> &Placed {
        let last = self.tokens.len().saturating_sub(1);
        self.tokens.get(self.at.min(last)).unwrap_or(&END)
    }

    fn peek(&self) -> &Token {
        &self.placed().token
    }

    fn span(&self) -> Span {
        self.placed().span
    }

    fn advance(&mut self) {
        self.at += 1;
    }

    fn eat(&mut self, sign: &str) -> bool {
        let found = matches!(self.peek(), Token::Sign(s) if *s == sign);
        if found {
            self.advance();
        }
        found
    }

    fn eat_word(&mut self, word: &str) -> bool {
        let found = matches!(self.peek(), Token::Name(name) if name == word);
        if found {
            self.advance();
        }
        found
    }

    fn expect(&mut self, sign: &str) -> Result<Span, Problem> {
        let span = self.span();
        if self.eat(sign) { Ok(span) } else { Err(self.unexpected(&format!("`{sign}`"))) }
    }

    fn unexpected(&self, expected: &str) -> Problem {
        let (found, hint) = match self.peek() {
            Token::End => ("the end".to_owned(), None),
            Token::Name(name) => {
                let hint = match name.as_str() {
                    "and" | "AND" => Some("write `&&`"),
                    "or" | "OR" => Some("write `||`"),
                    "not" | "NOT" => Some("write `!`"),
                    "let" | "while" | "for" | "return" | "fn" => {
                        Some("expressions have no variables and no statements")
                    }
                    _ => None,
                };
                (format!("`{name}`"), hint)
            }
            Token::Int(text) | Token::Decimal(text) => (format!("`{text}`"), None),
            Token::Float(number) => (format!("`{number}`"), None),
            Token::Text(_) => ("a text".to_owned(), None),
            Token::Sign(";") => ("`;`".to_owned(), Some("an expression is one value, without `;`")),
            Token::Sign(sign) => (format!("`{sign}`"), None),
        };
        Problem::new(code::SYNTAX, self.span(), format!("expected {expected}, found {found}"))
            .expected(expected)
            .found(found)
            .hint(hint.map(str::to_owned))
    }

    /// The operator ahead, with its binding strength.
    fn infix(&self) -> Option<(u8, Infix)> {
        let sign = match self.peek() {
            Token::Sign(sign) => *sign,
            Token::Name(name) if name == "in" => return Some((4, Infix::In)),
            Token::Name(_)
            | Token::Int(_)
            | Token::Decimal(_)
            | Token::Float(_)
            | Token::Text(_)
            | Token::End => return None,
        };
        Some(match sign {
            "||" => (1, Infix::Or),
            "&&" => (2, Infix::And),
            "==" => (3, Infix::Binary(BinaryOp::Equal)),
            "!=" => (3, Infix::Binary(BinaryOp::NotEqual)),
            "<" => (5, Infix::Binary(BinaryOp::Less)),
            "<=" => (5, Infix::Binary(BinaryOp::LessOrEqual)),
            ">" => (5, Infix::Binary(BinaryOp::Greater)),
            ">=" => (5, Infix::Binary(BinaryOp::GreaterOrEqual)),
            "??" => (6, Infix::Coalesce),
            "+" => (7, Infix::Binary(BinaryOp::Add)),
            "-" => (7, Infix::Binary(BinaryOp::Subtract)),
            "*" => (8, Infix::Binary(BinaryOp::Multiply)),
            "/" => (8, Infix::Binary(BinaryOp::Divide)),
            "%" => (8, Infix::Binary(BinaryOp::Remainder)),
            _ => return None,
        })
    }

    /// An expression whose operators bind tighter than `loosest`.
    fn expression(&mut self, loosest: u8) -> Result<Ast, Problem> {
        self.depth += 1;
        if self.depth > MOST_DEPTH {
            return Err(too_deep(self.span()));
        }
        let mut left = self.operand()?;
        while let Some((strength, infix)) = self.infix().filter(|(strength, _)| *strength > loosest) {
            self.advance();
            let right = self.expression(strength)?;
            left = join(infix, left, right)?;
        }
        self.depth -= 1;
        Ok(left)
    }

    /// An operand with the signs before it.
    fn operand(&mut self) -> Result<Ast, Problem> {
        let start = self.span();
        let mut signs = Vec::new();
        loop {
            if self.eat("!") {
                signs.push('!');
            } else if self.eat("-") {
                signs.push('-');
            } else {
                break;
            }
            if signs.len() > MOST_DEPTH {
                return Err(too_deep(start));
            }
        }
        let mut operand = self.primary()?;
        for sign in signs.into_iter().rev() {
            let span = Span { start: start.start, end: operand.span.end };
            operand = match (sign, operand.kind) {
                ('-', Kind::Int(digits)) => leaf(Kind::Int(negated(&digits)), span),
                ('-', Kind::Decimal(digits)) => leaf(Kind::Decimal(negated(&digits)), span),
                ('-', Kind::Float(number)) => leaf(Kind::Float(-number), span),
                (sign, kind) => {
                    let inner = Box::new(Ast { kind, span: operand.span, depth: operand.depth });
                    let depth = inner.depth;
                    branch(if sign == '!' { Kind::Not(inner) } else { Kind::Negate(inner) }, span, depth)?
                }
            };
        }
        Ok(operand)
    }

    fn primary(&mut self) -> Result<Ast, Problem> {
        let Placed { token, span } = self.placed().clone();
        let kind = match token {
            Token::Int(digits) => Kind::Int(digits),
            Token::Decimal(text) => Kind::Decimal(text),
            Token::Float(number) => Kind::Float(number),
            Token::Text(text) => Kind::Text(text),
            Token::Name(name) => return self.named(name, span),
            Token::Sign("(") => {
                self.advance();
                let inner = self.expression(0)?;
                let end = self.expect(")")?;
                return Ok(Ast { span: Span { start: span.start, end: end.end }, ..inner });
            }
            Token::Sign("[") => {
                self.advance();
                let (items, end) = self.items("]")?;
                let depth = deepest(&items);
                return branch(Kind::List(items), Span { start: span.start, end: end.end }, depth);
            }
            Token::Sign(_) | Token::End => return Err(self.unexpected("a value")),
        };
        self.advance();
        Ok(leaf(kind, span))
    }

    /// What begins with a name: a keyword, a call or a path.
    fn named(&mut self, name: String, span: Span) -> Result<Ast, Problem> {
        match name.as_str() {
            "true" | "false" => {
                self.advance();
                return Ok(leaf(Kind::Bool(name == "true"), span));
            }
            "null" => {
                self.advance();
                return Ok(leaf(Kind::Null, span));
            }
            "if" => return self.conditional(),
            "else" | "in" | "and" | "or" | "not" | "let" | "while" | "for" | "return" | "fn" => {
                return Err(self.unexpected("a value"));
            }
            _ => self.advance(),
        }
        if self.eat("(") {
            let (arguments, end) = self.items(")")?;
            let depth = deepest(&arguments);
            let whole = Span { start: span.start, end: end.end };
            return branch(Kind::Call(name, span, arguments), whole, depth);
        }
        let mut steps = vec![(name, span)];
        let mut end = span.end;
        while self.eat(".") {
            let step = self.placed().clone();
            let Token::Name(name) = step.token else { return Err(self.unexpected("the name of a field")) };
            self.advance();
            if matches!(self.peek(), Token::Sign("(")) {
                return Err(Problem::new(code::SYNTAX, step.span, "values have no methods")
                    .hint(Some(format!("write `{name}(…)` with the value as its first argument"))));
            }
            end = step.span.end;
            steps.push((name, step.span));
        }
        Ok(leaf(Kind::Path(steps), Span { start: span.start, end }))
    }

    /// `if a { b } else if c { d } else { e }`
    fn conditional(&mut self) -> Result<Ast, Problem> {
        let start = self.span();
        self.depth += 1;
        if self.depth > MOST_DEPTH {
            return Err(too_deep(start));
        }
        self.advance();
        let condition = self.expression(0)?;
        self.expect("{")?;
        let then = self.expression(0)?;
        self.expect("}")?;
        if !self.eat_word("else") {
            return Err(self.unexpected("`else`"));
        }
        let other = if matches!(self.peek(), Token::Name(name) if name == "if") {
            self.conditional()?
        } else {
            self.expect("{")?;
            let other = self.expression(0)?;
            let end = self.expect("}")?;
            Ast { span: Span { start: other.span.start, end: end.end }, ..other }
        };
        self.depth -= 1;
        let depth = condition.depth.max(then.depth).max(other.depth);
        let span = Span { start: start.start, end: other.span.end };
        branch(Kind::If(Box::new(condition), Box::new(then), Box::new(other)), span, depth)
    }

    /// Expressions with commas between them, up to the closing sign; a comma may stand behind the last.
    fn items(&mut self, close: &str) -> Result<(Vec<Ast>, Span), Problem> {
        let mut items = Vec::new();
        loop {
            let span = self.span();
            if self.eat(close) {
                return Ok((items, span));
            }
            items.push(self.expression(0)?);
            if !self.eat(",") {
                let span = self.span();
                return if self.eat(close) {
                    Ok((items, span))
                } else {
                    Err(self.unexpected(&format!("`,` or `{close}`")))
                };
            }
        }
    }
}

static END: Placed = Placed { token: Token::End, span: Span { start: 0, end: 0 } };

fn negated(digits: &str) -> String {
    digits.strip_prefix('-').map_or_else(|| format!("-{digits}"), str::to_owned)
}

fn leaf(kind: Kind, span: Span) -> Ast {
    Ast { kind, span, depth: 1 }
}

fn branch(kind: Kind, span: Span, below: usize) -> Result<Ast, Problem> {
    if below >= MOST_DEPTH { Err(too_deep(span)) } else { Ok(Ast { kind, span, depth: below + 1 }) }
}

fn deepest(items: &[Ast]) -> usize {
    items.iter().map(|item| item.depth).max().unwrap_or(0)
}

fn too_deep(span: Span) -> Problem {
    Problem::new(code::LIMIT, span, "the expression is nested too deeply")
        .expected(format!("at most {MOST_DEPTH} levels"))
}

fn join(infix: Infix, left: Ast, right: Ast) -> Result<Ast, Problem> {
    let span = Span { start: left.span.start, end: right.span.end };
    let below = left.depth.max(right.depth);
    match infix {
        Infix::And => chain(left, right, span, Kind::And, |kind| match kind {
            Kind::And(items) => Ok(items),
            other => Err(other),
        }),
        Infix::Or => chain(left, right, span, Kind::Or, |kind| match kind {
            Kind::Or(items) => Ok(items),
            other => Err(other),
        }),
        Infix::In => branch(Kind::In(Box::new(left), Box::new(right)), span, below),
        Infix::Coalesce => branch(Kind::Coalesce(Box::new(left), Box::new(right)), span, below),
        Infix::Binary(op) => branch(Kind::Binary(op, Box::new(left), Box::new(right)), span, below),
    }
}

/// Joins two operands of `&&` or `||` into one flat list.
fn chain(
    left: Ast,
    right: Ast,
    span: Span,
    make: impl Fn(Vec<Ast>) -> Kind,
    open: impl Fn(Kind) -> Result<Vec<Ast>, Kind>,
) -> Result<Ast, Problem> {
    let mut items = Vec::new();
    for side in [left, right] {
        let Ast { kind, span, depth } = side;
        match open(kind) {
            Ok(more) => items.extend(more),
            Err(kind) => items.push(Ast { kind, span, depth }),
        }
    }
    let below = deepest(&items);
    branch(make(items), span, below)
}
