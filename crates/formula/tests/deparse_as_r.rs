//! Printing against R: `deparse` of the whole formula in R 4.2.2.

use ranef_formula::Formula;

/// What is written, and what R prints.
const FACTS: &[(&str, &str)] = &[
    (
        "Reaction~Days+(Days|Subject)",
        "Reaction ~ Days + (Days | Subject)",
    ),
    ("y~x+(x||g)", "y ~ x + (x || g)"),
    ("~a", "~a"),
    ("~ -a", "~-a"),
    ("y~ -a+b", "y ~ -a + b"),
    ("y~a- -b", "y ~ a - -b"),
    ("y~a %in%b", "y ~ a %in% b"),
    ("y~a%%2+b%/%2", "y ~ a%%2 + b%/%2"),
    ("y~a==1", "y ~ a == 1"),
    ("y~a!=b", "y ~ a != b"),
    ("y~I(a<b)+I(a>=b)", "y ~ I(a < b) + I(a >= b)"),
    ("y~I(a&b|c)", "y ~ I(a & b | c)"),
    ("y~!a", "y ~ !a"),
    ("y~I(2^-1)", "y ~ I(2^-1)"),
    ("y~I(a^b^c)", "y ~ I(a^b^c)"),
    ("y~I(-x^2)", "y ~ I(-x^2)"),
    ("y~poly( x,2 ,raw= TRUE)", "y ~ poly(x, 2, raw = TRUE)"),
    ("y~I(x-1e5)", "y ~ I(x - 1e+05)"),
    ("y~I(x-100000)", "y ~ I(x - 1e+05)"),
    ("y~I(x*123456)", "y ~ I(x * 123456)"),
    ("y~I(x+0.0001)", "y ~ I(x + 1e-04)"),
    ("y~I(x/4.50)", "y ~ I(x/4.5)"),
    ("y~I(x+.5)", "y ~ I(x + 0.5)"),
    ("y~I(x+1200000)", "y ~ I(x + 1200000)"),
    ("y~relevel(f,'b')", r#"y ~ relevel(f, "b")"#),
    (r#"y~relevel(f,"it's")"#, r#"y ~ relevel(f, "it's")"#),
    (r#"y~f('a"b')"#, r#"y ~ f("a\"b")"#),
    ("y~`my x`+`plain`+`if`", "y ~ `my x` + plain + `if`"),
    ("y~`_a`:`.2a`", "y ~ `_a`:`.2a`"),
    ("y~`my f`(x)", "y ~ `my f`(x)"),
    ("y~f(`a b`=1)", "y ~ f(`a b` = 1)"),
    ("y~f('a b'=1)", "y ~ f(`a b` = 1)"),
    ("y~f()", "y ~ f()"),
    ("y~((a))", "y ~ ((a))"),
    ("y~a**2", "y ~ a^2"),
    (
        "cbind(s,n-s)~period+(1|herd)",
        "cbind(s, n - s) ~ period + (1 | herd)",
    ),
    ("incidence/size~1", "incidence/size ~ 1"),
    ("y~ns(x,df=3)", "y ~ ns(x, df = 3)"),
    ("y~I(a* -b)", "y ~ I(a * -b)"),
    ("y~I(!(a>b))", "y ~ I(!(a > b))"),
    ("y~a+(1|b/c)+(0+x|b:c)", "y ~ a + (1 | b/c) + (0 + x | b:c)"),
    (r#"y~ f("tab\there\\")"#, r#"y ~ f("tab\there\\")"#),
    ("log( y+1 )~x", "log(y + 1) ~ x"),
    ("y~été", "y ~ été"),
    ("y~a-1", "y ~ a - 1"),
    ("y~C(f,sum)", "y ~ C(f, sum)"),
];

#[test]
fn deparse() {
    for (text, printed) in FACTS {
        let formula = Formula::parse(text).unwrap_or_else(|e| panic!("{}", e.report(text)));
        assert_eq!(formula.to_string(), *printed);
        assert_eq!(Formula::parse(printed).as_ref(), Ok(&formula), "{printed}");
    }
}

/// R prints `raw = T` as it is written; here it is the value that counts, so that `T` and `TRUE`
/// give one model one name.
#[test]
fn short_logicals_are_printed_in_full() {
    let formula = Formula::parse("y ~ poly(x, 2, raw = T) + cbind(T, F)").expect("parses");
    assert_eq!(
        formula.to_string(),
        "y ~ poly(x, 2, raw = TRUE) + cbind(T, F)"
    );
    let column = Formula::parse("y ~ f(x, by = `T`)").expect("parses");
    assert_eq!(column.to_string(), "y ~ f(x, by = `T`)");
}

/// R prints 15 digits. Here a number keeps what it needs to be read back as the same.
#[test]
fn long_numbers_survive() {
    let text = "y ~ I(x - 0.1234567890123456)";
    let formula = Formula::parse(text).expect("parses");
    assert_eq!(formula.to_string(), text);
}

#[test]
fn spread_over_lines() {
    let text = "y ~ a +  # the first\n\tb\r\n  + (1 | g)";
    let formula = Formula::parse(text).expect("parses");
    assert_eq!(formula.to_string(), "y ~ a + b + (1 | g)");
    assert_eq!(formula.text(), text);
}
