//! The syntax tree: what is written, before it is known what it means.
//!
//! The same signs mean two things in a formula. Between terms, `a * b` crosses two predictors;
//! inside `I(a * b)` it multiplies two numbers. Which of the two holds can depend on what comes
//! later (`a + b > 3` is one comparison, not two terms), so the parser builds this neutral tree
//! and two readings follow: [`crate::arithmetic`] turns a node into an [`crate::Expr`],
//! [`crate::expand`] turns it into terms. Arguments of calls can only be arithmetic and are read
//! so at once: they are leaves here.
//!
//! Sums are flat. A formula may list thousands of predictors, and a tree that is as deep as the
//! sum is long would overflow the stack of whoever walks it; everything else is limited to
//! [`MAX_DEPTH`].

use std::fmt::{self, Display, Formatter};

use crate::{BinaryOperator, ExprKind, IgnoredPower, Span, UnaryOperator};

/// How deeply a formula may be nested. Deeper than people write, shallower than the stack.
pub(crate) const MAX_DEPTH: usize = 200;

/// A node of the tree.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub kind: NodeKind,
    pub span: Span,
    /// Levels below and including this one.
    pub depth: usize,
}

/// What a node is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum NodeKind {
    /// A column, constant or call.
    Leaf(ExprKind),
    /// `.`, all other columns.
    Dot,
    Unary {
        operator: UnaryOperator,
        operand: Box<Node>,
    },
    /// `first ± next ± …`
    Sum {
        first: Box<Node>,
        rest: Vec<(Sign, Node)>,
    },
    Binary {
        operator: Operator,
        left: Box<Node>,
        right: Box<Node>,
    },
    Paren(Box<Node>),
}

/// How a summand joins a sum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sign {
    Plus,
    Minus,
}

/// Operators with two operands, apart from the sum's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operator {
    /// One that arithmetic has too.
    Common(BinaryOperator),
    /// `a:b`
    Interaction,
    /// `a %in% b`
    In,
    /// `a || b`
    DoubleBar,
}

impl Operator {
    /// Whether it separates the effects of a random term from its group.
    pub fn is_bar(self) -> bool {
        matches!(
            self,
            Operator::DoubleBar | Operator::Common(BinaryOperator::Or)
        )
    }

    pub fn symbol(self) -> &'static str {
        match self {
            Operator::Common(operator) => operator.symbol(),
            Operator::Interaction => ":",
            Operator::In => "%in%",
            Operator::DoubleBar => "||",
        }
    }

    fn is_spaced(self) -> bool {
        match self {
            Operator::Common(operator) => operator.is_spaced(),
            Operator::Interaction => false,
            Operator::In | Operator::DoubleBar => true,
        }
    }
}

impl Node {
    /// A node one level above its `children`.
    pub fn above<'a>(
        kind: NodeKind,
        span: Span,
        children: impl IntoIterator<Item = &'a Node>,
    ) -> Self {
        Self {
            kind,
            span,
            depth: 1 + children.into_iter().map(|c| c.depth).max().unwrap_or(0),
        }
    }

    /// Levels of the expression that the node becomes when it is read as arithmetic, where a sum
    /// of n parts is n − 1 additions, one inside the other.
    pub fn arithmetic_depth(&self) -> usize {
        match &self.kind {
            NodeKind::Leaf(_) | NodeKind::Dot => self.depth,
            NodeKind::Unary { operand, .. } => 1 + operand.arithmetic_depth(),
            NodeKind::Paren(inner) => 1 + inner.arithmetic_depth(),
            NodeKind::Binary { left, right, .. } => {
                1 + left.arithmetic_depth().max(right.arithmetic_depth())
            }
            NodeKind::Sum { first, rest } => {
                let parts = rest.iter().map(|(_, node)| node);
                let deepest = parts.map(Node::arithmetic_depth).max().unwrap_or(0);
                rest.len() + deepest.max(first.arithmetic_depth())
            }
        }
    }

    /// Whether the node itself, not something in parentheses below it, is `left | right`.
    pub fn is_bar(&self) -> bool {
        matches!(&self.kind, NodeKind::Binary { operator, .. } if operator.is_bar())
    }

    /// Powers of single variables outside of calls, each once.
    pub fn ignored_powers(&self) -> Vec<IgnoredPower> {
        let mut found: Vec<IgnoredPower> = Vec::new();
        let mut waiting = vec![self];
        while let Some(node) = waiting.pop() {
            match &node.kind {
                NodeKind::Leaf(_) | NodeKind::Dot => {}
                NodeKind::Unary { operand, .. } => waiting.push(operand),
                NodeKind::Paren(inner) => waiting.push(inner),
                NodeKind::Sum { first, rest } => {
                    waiting.extend(rest.iter().rev().map(|(_, node)| node));
                    waiting.push(first);
                }
                NodeKind::Binary {
                    operator,
                    left,
                    right,
                } => match (operator, &left.kind, &right.kind) {
                    (
                        Operator::Common(BinaryOperator::Power),
                        NodeKind::Leaf(ExprKind::Column(_) | ExprKind::Call { .. }),
                        NodeKind::Leaf(ExprKind::Number(exponent)),
                    ) if *exponent > 1.0 => {
                        let power = IgnoredPower {
                            base: left.to_string(),
                            power: node.to_string(),
                            exponent: *exponent,
                        };
                        if !found.contains(&power) {
                            found.push(power);
                        }
                    }
                    // Comparisons are arithmetic, and so are powers in them.
                    (Operator::Common(operator), ..)
                        if !matches!(
                            operator,
                            BinaryOperator::Multiply
                                | BinaryOperator::Divide
                                | BinaryOperator::Power
                                | BinaryOperator::Or
                        ) => {}
                    _ => waiting.extend([&**right, &**left]),
                },
            }
        }
        found
    }

    /// Whether `.` stands anywhere in it.
    pub fn has_dot(&self) -> bool {
        match &self.kind {
            NodeKind::Dot => true,
            NodeKind::Leaf(_) => false,
            NodeKind::Unary { operand, .. } => operand.has_dot(),
            NodeKind::Paren(inner) => inner.has_dot(),
            NodeKind::Binary { left, right, .. } => left.has_dot() || right.has_dot(),
            NodeKind::Sum { first, rest } => {
                first.has_dot() || rest.iter().any(|(_, node)| node.has_dot())
            }
        }
    }
}

/// Two nodes are equal when they mean the same text, wherever they stand.
impl PartialEq for Node {
    fn eq(&self, other: &Self) -> bool {
        self.kind == other.kind
    }
}

impl Display for Node {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match &self.kind {
            NodeKind::Leaf(leaf) => leaf.fmt(f),
            NodeKind::Dot => f.write_str("."),
            NodeKind::Unary { operator, operand } => write!(f, "{operator}{operand}"),
            NodeKind::Sum { first, rest } => {
                first.fmt(f)?;
                for (sign, node) in rest {
                    let sign = match sign {
                        Sign::Plus => '+',
                        Sign::Minus => '-',
                    };
                    write!(f, " {sign} {node}")?;
                }
                Ok(())
            }
            NodeKind::Binary {
                operator,
                left,
                right,
            } => {
                let symbol = operator.symbol();
                if operator.is_spaced() {
                    write!(f, "{left} {symbol} {right}")
                } else {
                    write!(f, "{left}{symbol}{right}")
                }
            }
            NodeKind::Paren(inner) => write!(f, "({inner})"),
        }
    }
}
