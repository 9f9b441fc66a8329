//! Tokens to the syntax tree: precedence climbing after Pratt (1973).
//!
//! One function reads an operand and then as many operators as bind at least as tightly as asked
//! for; R's precedence is the table in [`binding`] and nowhere else. Where something unexpected
//! comes, the parser looks at what stands before and behind, because "unexpected token" helps
//! nobody and "no operator between `a` and `b`" does.

mod complaints;

use complaints::unclosed;

use crate::arithmetic::{self, Place, too_deep};
use crate::lexer::{Token, TokenKind, is_reserved, tokenize};
use crate::syntax::{MAX_DEPTH, Node, NodeKind, Operator, Sign};
use crate::{
    Argument, BinaryOperator as Common, ExprKind, FormulaError, FormulaErrorKind as Kind, Span,
    UnaryOperator,
};

/// The two sides of `~`.
pub(crate) struct Sides {
    pub response: Option<Node>,
    pub right: Node,
}

/// Reads a whole formula.
pub(crate) fn parse(text: &str) -> Result<Sides, FormulaError> {
    Parser::new(text)?.formula()
}

/// Reads an expression that is no formula.
pub(crate) fn parse_expression(text: &str) -> Result<Node, FormulaError> {
    let mut parser = Parser::new(text)?;
    let node = parser.expression(0)?;
    if parser.next < parser.tokens.len() {
        return Err(parser.cannot_follow());
    }
    Ok(node)
}

/// How tightly an operator holds its left and its right operand; the higher holds. A left number
/// below the right one makes it group to the left. The order is that of R's `?Syntax`.
fn binding(symbol: &str) -> Option<(u8, u8)> {
    Some(match symbol {
        "|" | "||" => (1, 2),
        "&" => (3, 4),
        // 5 is NOT.
        "==" | "!=" | "<" | "<=" | ">" | ">=" => (7, 8),
        "+" | "-" => (9, 10),
        "*" | "/" => (11, 12),
        "%%" | "%/%" | "%in%" => (13, 14),
        ":" => (15, 16),
        // 17 is SIGN: `-x^2` is `-(x^2)`, `-a:b` is `(-a):b`.
        "^" | "**" => (20, 19),
        _ => return None,
    })
}

const NOT: u8 = 5;
const SIGN: u8 = 17;

fn operator(symbol: &str) -> Operator {
    Operator::Common(match symbol {
        ":" => return Operator::Interaction,
        "%in%" => return Operator::In,
        "||" => return Operator::DoubleBar,
        "|" => Common::Or,
        "&" => Common::And,
        "==" => Common::Equal,
        "!=" => Common::NotEqual,
        "<" => Common::Less,
        "<=" => Common::LessEqual,
        ">" => Common::Greater,
        ">=" => Common::GreaterEqual,
        "*" => Common::Multiply,
        "/" => Common::Divide,
        "%%" => Common::Modulo,
        "%/%" => Common::IntegerDivide,
        _ => Common::Power,
    })
}

struct Parser<'a> {
    text: &'a str,
    tokens: Vec<Token>,
    next: usize,
    nesting: usize,
}

impl<'a> Parser<'a> {
    fn new(text: &'a str) -> Result<Self, FormulaError> {
        Ok(Self {
            text,
            tokens: tokenize(text)?,
            next: 0,
            nesting: 0,
        })
    }

    fn formula(&mut self) -> Result<Sides, FormulaError> {
        if self.tokens.is_empty() {
            return Err(FormulaError::new(
                Kind::Empty,
                Span::new(0, self.text.len()),
                "the formula is empty",
            )
            .with_hint("write the response, `~` and the predictors: `y ~ x + (1 | group)`"));
        }
        if let Some(error) = self.formula_in_call() {
            return Err(error);
        }
        let response = if self.symbol() == Some("~") {
            None
        } else {
            let response = self.expression(0)?;
            if self.symbol() != Some("~") {
                return Err(self.no_tilde());
            }
            Some(response)
        };
        self.next += 1;
        let right = self.expression(0)?;
        if self.next < self.tokens.len() {
            return Err(self.option().unwrap_or_else(|| self.cannot_follow()));
        }
        Ok(Sides { response, right })
    }

    /// An operand and all operators after it that bind at least as tightly as `least`.
    fn expression(&mut self, least: u8) -> Result<Node, FormulaError> {
        self.nesting += 1;
        if self.nesting > MAX_DEPTH {
            return Err(too_deep(self.place()));
        }
        let mut left = self.operand()?;
        while let Some(symbol) = self.symbol() {
            let Some((holds, asks)) = binding(symbol) else {
                break;
            };
            if holds < least {
                break;
            }
            if holds == 7 && is_comparison(&left) {
                return Err(FormulaError::new(
                    Kind::MissingOperator,
                    self.place(),
                    "comparisons cannot be chained",
                )
                .with_hint("join two comparisons with `&`: `a < b & b < c`"));
            }
            self.next += 1;
            let right = self.expression(asks)?;
            left = join(symbol, left, right);
            if left.depth > MAX_DEPTH {
                return Err(too_deep(left.span));
            }
        }
        self.nesting -= 1;
        Ok(left)
    }

    fn operand(&mut self) -> Result<Node, FormulaError> {
        let Some(Token { kind, span }) = self.tokens.get(self.next).cloned() else {
            return Err(self.no_operand());
        };
        self.next += 1;
        let leaf = match kind {
            TokenKind::Number(value) => ExprKind::Number(value),
            TokenKind::Text(text) => ExprKind::Text(text),
            TokenKind::Name(name) => {
                if is_reserved(&name) {
                    self.constant(&name, span)?
                } else if self.symbol() == Some("(") {
                    return self.call(name, span);
                } else if name == "." {
                    return Ok(Node::above(NodeKind::Dot, span, []));
                } else {
                    ExprKind::Column(name)
                }
            }
            TokenKind::Quoted(name) => {
                if self.symbol() == Some("(") {
                    return self.call(name, span);
                }
                ExprKind::Column(name)
            }
            TokenKind::Symbol("(") => return self.parentheses(span),
            TokenKind::Symbol(symbol @ ("-" | "+" | "!")) => {
                let (operator, holds) = match symbol {
                    "-" => (UnaryOperator::Minus, SIGN),
                    "+" => (UnaryOperator::Plus, SIGN),
                    _ => (UnaryOperator::Not, NOT),
                };
                let operand = self.expression(holds)?;
                let span = span.join(operand.span);
                let depth = operand.depth + 1;
                let kind = NodeKind::Unary {
                    operator,
                    operand: Box::new(operand),
                };
                return Ok(Node { kind, span, depth });
            }
            TokenKind::Symbol(_) => {
                self.next -= 1;
                return Err(self.no_operand());
            }
        };
        Ok(Node::above(NodeKind::Leaf(leaf), span, []))
    }

    fn constant(&self, name: &str, span: Span) -> Result<ExprKind, FormulaError> {
        match name {
            "TRUE" => Ok(ExprKind::Logical(true)),
            "FALSE" => Ok(ExprKind::Logical(false)),
            _ => Err(FormulaError::new(
                Kind::ReservedWord,
                span,
                format!("`{name}` is a reserved word and has no meaning in a formula"),
            )
            .with_hint(format!(
                "if a column has this name, put it in backticks: `` `{name}` ``"
            ))),
        }
    }

    /// `( … )`, of which the opening parenthesis has been read.
    fn parentheses(&mut self, open: Span) -> Result<Node, FormulaError> {
        if self.symbol() == Some(")") {
            return Err(FormulaError::new(
                Kind::Parenthesis,
                open.join(self.place()),
                "there is nothing between the parentheses",
            )
            .with_hint("remove them, or write a term or `(1 | group)`"));
        }
        let inner = self.expression(0)?;
        let close = self.close(open)?;
        let depth = inner.depth + 1;
        let span = open.join(close);
        Ok(Node {
            kind: NodeKind::Paren(Box::new(inner)),
            span,
            depth,
        })
    }

    /// A call, of which the name has been read. The arguments are arithmetic.
    fn call(&mut self, function: String, name: Span) -> Result<Node, FormulaError> {
        let open = self.place();
        self.next += 1;
        let mut arguments = Vec::new();
        let mut depth = 0;
        if self.symbol() == Some(")") {
            let span = name.join(self.place());
            self.next += 1;
            let leaf = ExprKind::Call {
                function,
                arguments,
            };
            return Ok(Node::above(NodeKind::Leaf(leaf), span, []));
        }
        loop {
            let (argument, levels) = self.argument()?;
            arguments.push(argument);
            depth = depth.max(levels);
            if self.symbol() == Some(",") {
                self.next += 1;
            } else {
                break;
            }
        }
        let close = self.close(open).map_err(|error| match error.kind() {
            Kind::MissingOperator => error.with_hint("separate arguments with a comma"),
            _ => error,
        })?;
        let span = name.join(close);
        let spaced = name.end < open.start;
        self.refuse_random_term(&function, &arguments, span, spaced)?;
        let leaf = ExprKind::Call {
            function,
            arguments,
        };
        Ok(Node {
            kind: NodeKind::Leaf(leaf),
            span,
            depth: depth + 1,
        })
    }

    /// An argument and the depth of its value.
    fn argument(&mut self) -> Result<(Argument, usize), FormulaError> {
        if matches!(self.symbol(), Some("," | ")")) {
            return Err(FormulaError::new(
                Kind::Argument,
                self.place(),
                "an argument is missing here",
            )
            .with_hint("remove the comma, or write the argument"));
        }
        let name = match (self.tokens.get(self.next), self.tokens.get(self.next + 1)) {
            (
                Some(Token {
                    kind: TokenKind::Name(name) | TokenKind::Quoted(name) | TokenKind::Text(name),
                    ..
                }),
                Some(Token {
                    kind: TokenKind::Symbol("="),
                    ..
                }),
            ) if !name.is_empty() => Some(name.clone()),
            _ => None,
        };
        let mut short_logical = false;
        if name.is_some() {
            self.next += 2;
            // `raw = T`, but not `` raw = `T` ``, which names a column.
            short_logical = matches!(
                self.tokens.get(self.next),
                Some(Token { kind: TokenKind::Name(value), .. }) if value == "T" || value == "F"
            );
        }
        let node = self.expression(0)?;
        let depth = node.arithmetic_depth();
        let mut value = arithmetic::read(node, Place::Argument)?;
        if short_logical && let Some(logical) = value.as_logical() {
            value.kind = ExprKind::Logical(logical);
        }
        Ok((Argument { name, value }, depth))
    }

    /// The parenthesis that closes the one at `open`.
    fn close(&mut self, open: Span) -> Result<Span, FormulaError> {
        match self.symbol() {
            Some(")") => {
                let span = self.place();
                self.next += 1;
                Ok(span)
            }
            None if self.next >= self.tokens.len() => Err(unclosed(open)),
            Some("~") => Err(FormulaError::new(
                Kind::Parenthesis,
                open,
                "this parenthesis is not closed before `~`",
            )
            .with_hint("remove it, or add `)` before `~`")),
            _ => Err(self.cannot_follow()),
        }
    }

    /// The symbol that comes next, if a symbol comes next.
    fn symbol(&self) -> Option<&'static str> {
        match self.tokens.get(self.next)?.kind {
            TokenKind::Symbol(symbol) => Some(symbol),
            _ => None,
        }
    }

    /// Where the next token stands; empty and behind the last token at the end.
    fn place(&self) -> Span {
        let end = self.tokens.last().map_or(0, |last| last.span.end);
        let next = self.tokens.get(self.next);
        next.map_or(Span::new(end, end), |token| token.span)
    }
}

fn join(symbol: &str, left: Node, right: Node) -> Node {
    let span = left.span.join(right.span);
    let sign = match symbol {
        "+" => Some(Sign::Plus),
        "-" => Some(Sign::Minus),
        _ => None,
    };
    let Some(sign) = sign else {
        let depth = 1 + left.depth.max(right.depth);
        let kind = NodeKind::Binary {
            operator: operator(symbol),
            left: Box::new(left),
            right: Box::new(right),
        };
        return Node { kind, span, depth };
    };
    let depth = left.depth.max(1 + right.depth);
    match left.kind {
        NodeKind::Sum { first, mut rest } => {
            rest.push((sign, right));
            let kind = NodeKind::Sum { first, rest };
            Node { kind, span, depth }
        }
        _ => {
            let depth = depth.max(1 + left.depth);
            let kind = NodeKind::Sum {
                first: Box::new(left),
                rest: vec![(sign, right)],
            };
            Node { kind, span, depth }
        }
    }
}

fn is_comparison(node: &Node) -> bool {
    matches!(
        node.kind,
        NodeKind::Binary {
            operator: Operator::Common(
                Common::Equal
                    | Common::NotEqual
                    | Common::Less
                    | Common::LessEqual
                    | Common::Greater
                    | Common::GreaterEqual
            ),
            ..
        }
    )
}
