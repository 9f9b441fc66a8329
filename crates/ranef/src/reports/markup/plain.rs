//! Aligned text.

use super::{Grid, GridRow, Markup};
use crate::format::{align_left, align_right, width, wrap};

impl Grid {
    pub(super) fn text(&self) -> String {
        let markup = Markup::Text;
        let mut out = String::new();
        let mut columns: Vec<Vec<String>> = self
            .heads
            .iter()
            .map(|(head, _)| vec![head.set(markup)])
            .collect();
        for row in &self.rows {
            if let GridRow::Cells(cells) = row {
                for (column, cell) in columns.iter_mut().zip(self.cells(cells, markup)) {
                    column.push(cell);
                }
            }
        }
        // A spanner that is wider than its columns widens the last of them.
        let mut first = 0;
        for (over, span) in &self.spanners {
            let widths = columns[first..first + span]
                .iter()
                .map(|c| c.iter().map(|t| width(t)).max().unwrap_or(0));
            let inner = widths.sum::<usize>() + 2 * span.saturating_sub(1);
            let missing = width(&over.set(markup)).saturating_sub(inner);
            if let Some(column) = columns[first..first + span]
                .last_mut()
                .filter(|_| missing > 0)
            {
                let widest = column.iter().map(|t| width(t)).max().unwrap_or(0);
                let pad = " ".repeat(widest + missing - width(&column[0]));
                column[0].insert_str(0, &pad);
            }
            first += span;
        }
        let columns: Vec<Vec<String>> = columns
            .into_iter()
            .zip(&self.heads)
            .map(|(cells, (_, text))| {
                if *text {
                    align_left(cells)
                } else {
                    align_right(cells)
                }
            })
            .collect();
        let widths: Vec<usize> = columns.iter().map(|c| width(&c[0])).collect();
        let whole = widths.iter().sum::<usize>() + 2 * widths.len().saturating_sub(1);
        let rule = "-".repeat(whole);
        let push = |out: &mut String, line: &str| {
            out.push_str(line.trim_end());
            out.push('\n');
        };
        if !self.title.is_empty() {
            push(&mut out, &self.title.set(markup));
        }
        push(&mut out, &rule);
        if !self.spanners.is_empty() {
            let mut first = 0;
            let mut line = Vec::new();
            for (over, span) in &self.spanners {
                let room: usize =
                    widths[first..first + span].iter().sum::<usize>() + 2 * span.saturating_sub(1);
                let text = over.set(markup);
                let left = (room - width(&text).min(room)) / 2;
                let right = room - left - width(&text).min(room);
                line.push(format!("{}{text}{}", " ".repeat(left), " ".repeat(right)));
                first += span;
            }
            push(&mut out, &line.join("  "));
        }
        let line = |at: usize| {
            let cells: Vec<&str> = columns.iter().map(|c| c[at].as_str()).collect();
            cells.join("  ")
        };
        push(&mut out, &line(0));
        push(&mut out, &rule);
        let mut at = 0;
        for row in &self.rows {
            match row {
                GridRow::Cells(_) => {
                    at += 1;
                    push(&mut out, &line(at));
                }
                GridRow::Section(head) => {
                    push(&mut out, &rule);
                    push(&mut out, &head.set(markup));
                }
            }
        }
        push(&mut out, &rule);
        if !self.note.is_empty() {
            push(&mut out, &wrap(&self.note.set(markup), whole.max(80)));
        }
        out
    }
}
