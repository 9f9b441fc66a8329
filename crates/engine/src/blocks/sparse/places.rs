//! Where the crossproducts between two levels stand: found once, used whenever the numbers change
//! and whenever C̃ is read in the same pattern.

use crate::blocks::plan::Plan;
use crate::layout::Layout;
use crate::statistics::Statistics;

/// Where the block of a pair of levels is.
#[derive(Clone, Copy, Debug)]
pub(in crate::blocks) enum Place {
    /// In a panel: where its first row begins, and whether the rows are those of the second factor.
    Panel { base: usize, second: bool },
    /// In the root: the first rows of both levels.
    Root(usize, usize),
}

/// The places of all pairs of levels, pair of factors by pair of factors, in the order of
/// [`Statistics::pairs`].
pub(in crate::blocks) struct Places {
    layout: Layout,
    places: Vec<Vec<Place>>,
}

impl Places {
    pub fn new(statistics: &Statistics, plan: &Plan) -> Self {
        let layout = statistics.layout().clone();
        let table = |empty| -> Vec<Vec<usize>> {
            let sizes = layout.factors.iter().map(|f| f.levels);
            sizes.map(|levels| vec![empty; levels]).collect()
        };
        let (mut node_of, mut root_of) = (table(usize::MAX), table(usize::MAX));
        for (j, node) in plan.nodes.iter().enumerate() {
            node_of[node.factor][node.level] = j;
        }
        for face in &plan.root_faces {
            root_of[face.factor][face.level] = face.offset;
        }
        let mut places = Vec::new();
        for b in 0..layout.factors.len() {
            for a in 0..b {
                let place = |((la, lb), _): ((u32, u32), &[f64])| {
                    let (la, lb) = (la as usize, lb as usize);
                    let (na, nb) = (node_of[a][la], node_of[b][lb]);
                    // The earlier node of the two holds the block, the later one names its rows.
                    let (host, guest, second) = if na < nb {
                        (na, nb, true)
                    } else {
                        (nb, na, false)
                    };
                    if host == usize::MAX {
                        return Place::Root(root_of[a][la], root_of[b][lb]);
                    }
                    let node = &plan.nodes[host];
                    let row = if guest != usize::MAX {
                        let before = plan.blocks[node.blocks.clone()]
                            .iter()
                            .take_while(|&&r| r as usize != guest);
                        before.map(|&r| plan.nodes[r as usize].width).sum()
                    } else {
                        let offset = if second {
                            root_of[b][lb]
                        } else {
                            root_of[a][la]
                        };
                        let rows = &plan.root_rows[node.root.clone()];
                        let at = rows.partition_point(|&x| (x as usize) < offset);
                        node.height - rows.len() + at
                    };
                    Place::Panel {
                        base: node.panel + row * node.width,
                        second,
                    }
                };
                let empty = layout.factors[a].width == 0 || layout.factors[b].width == 0;
                places.push(if empty {
                    Vec::new()
                } else {
                    statistics.pairs(a, b).iter().map(place).collect()
                });
            }
        }
        Self { layout, places }
    }

    /// Writes the crossproducts of the statistics into the panels.
    pub fn write(&self, statistics: &Statistics, panel: &mut [f64]) {
        let mut index = 0;
        for b in 0..self.layout.factors.len() {
            for a in 0..b {
                let (ka, kb) = (self.layout.factors[a].width, self.layout.factors[b].width);
                let pairs = statistics.pairs(a, b).iter();
                for (place, (_, values)) in self.places[index].iter().zip(pairs) {
                    let &Place::Panel { base, second } = place else {
                        continue;
                    };
                    for i in 0..ka {
                        for j in 0..kb {
                            let at = if second { j * ka + i } else { i * kb + j };
                            panel[base + at] = values[i * kb + j];
                        }
                    }
                }
                index += 1;
            }
        }
    }

    /// Reads a symmetric matrix with the pattern of the system, given by panels and a dense root
    /// of `size` rows, at all pairs: K_a × K_b numbers a pair, by rows.
    pub fn read(&self, panel: &[f64], root: &[f64], size: usize, out: &mut Vec<Vec<f64>>) {
        out.resize(self.places.len(), Vec::new());
        let mut index = 0;
        for b in 0..self.layout.factors.len() {
            for a in 0..b {
                let (ka, kb) = (self.layout.factors[a].width, self.layout.factors[b].width);
                let values = &mut out[index];
                values.resize(self.places[index].len() * ka * kb, 0.0);
                let blocks = values.chunks_exact_mut((ka * kb).max(1));
                for (place, values) in self.places[index].iter().zip(blocks) {
                    for i in 0..ka {
                        for j in 0..kb {
                            values[i * kb + j] = match *place {
                                Place::Panel { base, second: true } => panel[base + j * ka + i],
                                Place::Panel {
                                    base,
                                    second: false,
                                } => panel[base + i * kb + j],
                                Place::Root(x, y) => root[(x + i) * size + y + j],
                            };
                        }
                    }
                }
                index += 1;
            }
        }
    }
}
