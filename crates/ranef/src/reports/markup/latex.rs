//! LaTeX with the package booktabs.

use std::fmt::Write;

use super::{Grid, GridRow, Markup};

impl Grid {
    pub(super) fn latex(&self) -> String {
        let markup = Markup::Latex;
        let mut out = String::from("\\begin{table}[htbp]\n\\centering\n");
        if !self.title.is_empty() {
            let _ = writeln!(out, "\\caption{{{}}}", self.title.set(markup));
        }
        let columns: String = (self.heads.iter())
            .map(|(_, text)| if *text { 'l' } else { 'r' })
            .collect();
        let _ = writeln!(out, "\\begin{{tabular}}{{{columns}}}\n\\toprule");
        if !self.spanners.is_empty() {
            let mut cells = Vec::new();
            let mut rules = String::new();
            let mut first = 1;
            for (over, span) in &self.spanners {
                cells.push(if over.is_empty() && *span == 1 {
                    String::new()
                } else {
                    let last = first + span - 1;
                    let _ = write!(rules, "\\cmidrule(lr){{{first}-{last}}}");
                    format!("\\multicolumn{{{span}}}{{c}}{{{}}}", over.set(markup))
                });
                first += span;
            }
            let _ = writeln!(out, "{} \\\\\n{rules}", cells.join(" & "));
        }
        let heads: Vec<String> = self.heads.iter().map(|(h, _)| h.set(markup)).collect();
        let _ = writeln!(out, "{} \\\\\n\\midrule", heads.join(" & "));
        for row in &self.rows {
            match row {
                GridRow::Cells(cells) => {
                    let _ = writeln!(out, "{} \\\\", self.cells(cells, markup).join(" & "));
                }
                GridRow::Section(head) => {
                    let _ = writeln!(
                        out,
                        "\\midrule\n\\multicolumn{{{}}}{{l}}{{\\textbf{{{}}}}} \\\\",
                        self.heads.len(),
                        head.set(markup)
                    );
                }
            }
        }
        out.push_str("\\bottomrule\n\\end{tabular}\n");
        if !self.note.is_empty() {
            let _ = writeln!(
                out,
                "\n\\medskip\n\\parbox{{0.9\\linewidth}}{{\\footnotesize {}}}",
                self.note.set(markup)
            );
        }
        out.push_str("\\end{table}\n");
        out
    }
}

/// Adds a character so that it reads as itself.
pub(super) fn escape(c: char, out: &mut String) {
    match command(c) {
        Some(command) => out.push_str(command),
        // Two hyphens would become a dash.
        None if c == '-' && out.ends_with('-') => out.push_str("{}-"),
        None => out.push(c),
    }
}

/// What LaTeX needs for a character that means something else there or that its text fonts lack.
/// Letters of the world's scripts are left: every LaTeX since 2018 reads UTF-8.
fn command(c: char) -> Option<&'static str> {
    Some(match c {
        '\\' => "\\textbackslash{}",
        '{' => "\\{",
        '}' => "\\}",
        '$' => "\\$",
        '&' => "\\&",
        '#' => "\\#",
        '_' => "\\_",
        '%' => "\\%",
        '~' => "\\textasciitilde{}",
        '^' => "\\textasciicircum{}",
        '<' => "\\textless{}",
        '>' => "\\textgreater{}",
        '|' => "\\textbar{}",
        '"' => "\\textquotedbl{}",
        '`' => "\\textasciigrave{}",
        // At the start of a row these would be taken for an option of `\\`.
        '[' => "{[}",
        ']' => "{]}",
        '*' => "{*}",
        '−' => "$-$",
        '–' => "--",
        '×' => "$\\times$",
        '·' => "$\\cdot$",
        '≥' => "$\\geq$",
        '≤' => "$\\leq$",
        '²' => "\\textsuperscript{2}",
        'σ' => "$\\sigma$",
        'τ' => "$\\tau$",
        'ρ' => "$\\rho$",
        'β' => "$\\beta$",
        'χ' => "$\\chi$",
        'α' => "$\\alpha$",
        'δ' => "$\\delta$",
        'ζ' => "$\\zeta$",
        'η' => "$\\eta$",
        'κ' => "$\\kappa$",
        'μ' => "$\\mu$",
        'ν' => "$\\nu$",
        'ξ' => "$\\xi$",
        'π' => "$\\pi$",
        'ω' => "$\\omega$",
        'Γ' => "$\\Gamma$",
        'Λ' => "$\\Lambda$",
        'Π' => "$\\Pi$",
        'Ω' => "$\\Omega$",
        '∞' => "$\\infty$",
        '∼' => "$\\sim$",
        '≠' => "$\\neq$",
        '³' => "\\textsuperscript{3}",
        '‘' => "`",
        'λ' => "$\\lambda$",
        'θ' => "$\\theta$",
        'φ' => "$\\varphi$",
        'ψ' => "$\\psi$",
        'γ' => "$\\gamma$",
        'ε' => "$\\varepsilon$",
        'Φ' => "$\\Phi$",
        'Σ' => "$\\Sigma$",
        'Δ' => "$\\Delta$",
        '→' => "$\\rightarrow$",
        '≈' => "$\\approx$",
        '±' => "$\\pm$",
        '√' => "$\\surd$",
        '½' => "$\\frac{1}{2}$",
        '…' => "\\dots{}",
        '—' => "---",
        '’' => "'",
        '“' => "``",
        '”' => "''",
        '⁻' => "\\textsuperscript{--}",
        '¹' => "\\textsuperscript{1}",
        '₀' => "\\textsubscript{0}",
        '₁' => "\\textsubscript{1}",
        '₂' => "\\textsubscript{2}",
        '₃' => "\\textsubscript{3}",
        'ᵢ' => "\\textsubscript{i}",
        'ⱼ' => "\\textsubscript{j}",
        'ₖ' => "\\textsubscript{k}",
        'ₗ' => "\\textsubscript{l}",
        _ => return None,
    })
}
