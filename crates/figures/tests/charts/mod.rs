//! Charts like those of real figures, made of numbers that anyone can make again.
#![allow(dead_code)]

use ranef_figures::chart::*;

/// Numbers between 0 and 1 that look like chance (xorshift).
pub struct Chance(pub u64);

impl Chance {
    pub fn uniform(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }

    pub fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.uniform()).sum::<f64>() - 6.0
    }
}

/// Conditional modes of `groups` groups with intervals.
pub fn caterpillar(groups: usize) -> Chart {
    let mut chance = Chance(7);
    let mut modes: Vec<f64> = (0..groups).map(|_| 25.0 * chance.normal()).collect();
    modes.sort_by(|a, b| b.total_cmp(a));
    let half: Vec<f64> = (0..groups).map(|_| 12.0 + 8.0 * chance.uniform()).collect();
    let at: Vec<f64> = (0..groups).map(|g| g as f64).collect();
    let names: Vec<String> = (0..groups).map(|g| format!("{}", 308 + g)).collect();
    let ends = |sign: f64| modes.iter().zip(&half).map(|(m, h)| m + sign * h).collect();
    Chart {
        name: "caterpillar",
        title: "Conditional modes of the intercept by subject".into(),
        subtitle: Some("with 95% intervals, sorted".into()),
        notes: vec!["Intervals take the variance parameters as known.".into()],
        description: format!("Conditional modes of {groups} subjects, sorted."),
        panels: vec![Panel {
            title: None,
            x: Axis::new("difference from the average subject (ms)").including([0.0]),
            y: Axis::categories("subject", names.clone()),
            layers: vec![
                Mark::Rules(vec![Rule::Vertical(0.0)])
                    .styled(Style::default().colour(Colour::Faint)),
                Mark::Intervals {
                    along: Along::X,
                    at: at.clone(),
                    lower: ends(-1.0),
                    upper: ends(1.0),
                }
                .styled(Style::default()),
                Mark::Points {
                    x: modes,
                    y: at,
                    names,
                }
                .styled(Style::default()),
            ],
        }],
        ..Chart::default()
    }
}

/// `groups` facets with observations and two lines.
pub fn facets(groups: usize) -> Chart {
    let mut chance = Chance(11);
    let days: Vec<f64> = (0..10).map(f64::from).collect();
    let panels = (0..groups)
        .map(|g| {
            let (a, b) = (251.0 + 25.0 * chance.normal(), 10.5 + 6.0 * chance.normal());
            let y: Vec<f64> = days
                .iter()
                .map(|d| a + b * d + 25.0 * chance.normal())
                .collect();
            let line = |a: f64, b: f64| Curve {
                x: days.clone(),
                y: days.iter().map(|d| a + b * d).collect(),
                name: String::new(),
            };
            Panel {
                title: Some(format!("{}", 308 + g)),
                x: Axis::new("days of sleep deprivation"),
                y: Axis::new("reaction time (ms)"),
                layers: vec![
                    Mark::Points {
                        x: days.clone(),
                        y,
                        names: vec![],
                    }
                    .styled(Style::default().colour(Colour::Muted)),
                    Mark::Lines(vec![line(251.4, 10.47)])
                        .styled(Style::default().colour(Colour::Muted).dash(Dash::Dashed))
                        .keyed("complete pooling"),
                    Mark::Lines(vec![line(a + 5.0, b + 1.0)])
                        .styled(
                            Style::default()
                                .colour(Colour::Series(1))
                                .dash(Dash::Dotted),
                        )
                        .keyed("no pooling"),
                    Mark::Lines(vec![line(a, b)])
                        .styled(Style::default().colour(Colour::Series(0)))
                        .keyed("partial pooling"),
                ],
            }
        })
        .collect();
    Chart {
        name: "pooling",
        title: "Reaction time by days of sleep deprivation for each subject".into(),
        notes: vec!["Subjects in the order of the data.".into()],
        description: "Facets by subject.".into(),
        panels,
        shared: Shared { x: true, y: true },
        ..Chart::default()
    }
}

/// Six panels with axes of their own.
pub fn checks() -> Chart {
    let mut chance = Chance(3);
    let n = 180;
    let fitted: Vec<f64> = (0..n).map(|_| 220.0 + 160.0 * chance.uniform()).collect();
    let residuals: Vec<f64> = (0..n).map(|_| 25.0 * chance.normal()).collect();
    let mut sorted = residuals.clone();
    sorted.sort_by(f64::total_cmp);
    let theory: Vec<f64> = (0..n)
        .map(|i| 2.4 * (2.0 * (i as f64 + 0.5) / n as f64 - 1.0))
        .collect();
    let points = |x: &[f64], y: &[f64]| {
        Mark::Points {
            x: x.to_vec(),
            y: y.to_vec(),
            names: vec![],
        }
        .styled(Style::default().colour(Colour::Muted).opacity(0.7))
    };
    let panel = |title: &str, x: &str, y: &str, layers: Vec<Layer>| Panel {
        title: Some(title.into()),
        x: Axis::new(x),
        y: Axis::new(y),
        layers,
    };
    let smooth = Curve {
        x: (0..50)
            .map(|i| 220.0 + 160.0 * f64::from(i) / 49.0)
            .collect(),
        y: (0..50).map(|i| 5.0 * (f64::from(i) / 9.0).sin()).collect(),
        name: String::new(),
    };
    let mut cook: Vec<f64> = (0..18).map(|_| 0.05 * chance.uniform()).collect();
    cook[3] = 0.21;
    Chart {
        name: "checks",
        title: "Checks of the model Reaction ~ Days + (Days | Subject)".into(),
        subtitle: Some("each panel should look like chance".into()),
        notes: vec![],
        description: "Six checks.".into(),
        panels: vec![
            panel(
                "Is the mean right?",
                "fitted value (ms)",
                "residual (ms)",
                vec![
                    points(&fitted, &residuals),
                    Mark::Rules(vec![Rule::Horizontal(0.0)])
                        .styled(Style::default().colour(Colour::Faint)),
                    Mark::Lines(vec![smooth]).styled(Style::default().colour(Colour::Alert)),
                ],
            ),
            panel(
                "Is the spread even?",
                "fitted value (ms)",
                "√|standardised residual|",
                vec![points(
                    &fitted,
                    &residuals
                        .iter()
                        .map(|r| (r / 25.0).abs().sqrt())
                        .collect::<Vec<_>>(),
                )],
            ),
            panel(
                "Are residuals normal?",
                "normal quantile",
                "residual (ms)",
                vec![
                    Mark::Band {
                        x: theory.clone(),
                        lower: theory
                            .iter()
                            .map(|t| 25.0 * t - 9.0 - 3.0 * t * t)
                            .collect(),
                        upper: theory
                            .iter()
                            .map(|t| 25.0 * t + 9.0 + 3.0 * t * t)
                            .collect(),
                    }
                    .styled(Style::default().colour(Colour::Muted)),
                    Mark::Rules(vec![Rule::Slope {
                        intercept: 0.0,
                        slope: 25.0,
                    }])
                    .styled(Style::default().colour(Colour::Faint)),
                    points(&theory, &sorted),
                ],
            ),
            panel(
                "Are conditional modes of the intercept normal?",
                "normal quantile",
                "conditional mode (ms)",
                vec![points(&theory[..18], &sorted[..18])],
            ),
            panel(
                "Does one group decide?",
                "subject",
                "Cook's distance",
                vec![
                    Mark::Bars {
                        along: Along::Y,
                        at: (0..18).map(f64::from).collect(),
                        from: vec![0.0; 18],
                        to: cook.clone(),
                        width: 0.7,
                    }
                    .styled(Style::default().colour(Colour::Muted)),
                    Mark::Labels {
                        x: vec![3.0],
                        y: vec![0.21],
                        texts: vec!["335".into()],
                    }
                    .styled(Style::default()),
                ],
            ),
            panel(
                "Do simulated data look like the data?",
                "reaction time (ms)",
                "density",
                vec![
                    Mark::Lines(
                        (0..20)
                            .map(|k| Curve {
                                x: (0..80).map(|i| 180.0 + 3.5 * f64::from(i)).collect(),
                                y: (0..80)
                                    .map(|i| {
                                        let z = (180.0 + 3.5 * f64::from(i) - 298.0 - f64::from(k))
                                            / 55.0;
                                        0.0072 * (-0.5 * z * z).exp()
                                    })
                                    .collect(),
                                name: String::new(),
                            })
                            .collect(),
                    )
                    .styled(Style::default().colour(Colour::Muted).opacity(0.5)),
                ],
            ),
        ],
        columns: Some(3),
        ..Chart::default()
    }
}

/// Coefficients of three models.
pub fn coefficients() -> Chart {
    let names = [
        "(Intercept)",
        "socioeconomic status",
        "school mean of socioeconomic status",
        "sector [Catholic]",
        "socioeconomic status × sector [Catholic]",
        "minority [yes]",
    ];
    let mut chance = Chance(5);
    let mut layers =
        vec![Mark::Rules(vec![Rule::Vertical(0.0)]).styled(Style::default().colour(Colour::Faint))];
    for (model, name) in ["random intercept", "random slope", "with school means"]
        .iter()
        .enumerate()
    {
        let at: Vec<f64> = (0..names.len())
            .map(|i| i as f64 + 0.22 * (model as f64 - 1.0))
            .collect();
        let middle: Vec<f64> = at.iter().map(|_| 2.0 * chance.normal()).collect();
        layers.push(
            Mark::Intervals {
                along: Along::X,
                at: at.clone(),
                lower: middle.iter().map(|m| m - 0.8).collect(),
                upper: middle.iter().map(|m| m + 0.8).collect(),
            }
            .styled(Style::series(model).dash(Dash::Solid))
            .keyed(*name),
        );
        layers.push(
            Mark::Points {
                x: middle,
                y: at,
                names: vec![],
            }
            .styled(Style::series(model))
            .keyed(*name),
        );
    }
    Chart {
        name: "coefficients",
        title: "Fixed effects of three models of mathematics achievement".into(),
        subtitle: Some("with 95% intervals".into()),
        description: "Coefficients.".into(),
        panels: vec![Panel {
            title: None,
            x: Axis::new("effect on mathematics achievement (points)"),
            y: Axis::categories("", names.iter().map(|n| n.to_string()).collect()),
            layers,
        }],
        ..Chart::default()
    }
}

/// Arrows from one estimate to another with an ellipse and labels.
pub fn shrinkage() -> Chart {
    let mut chance = Chance(23);
    let from: Vec<(f64, f64)> = (0..18)
        .map(|_| (251.0 + 28.0 * chance.normal(), 10.5 + 6.5 * chance.normal()))
        .collect();
    let to: Vec<(f64, f64)> = from
        .iter()
        .map(|(a, b)| (251.0 + 0.8 * (a - 251.0), 10.5 + 0.7 * (b - 10.5)))
        .collect();
    let angle = |i: i32| f64::from(i) / 60.0 * std::f64::consts::TAU;
    let (x, y): (Vec<f64>, Vec<f64>) = to.iter().copied().unzip();
    Chart {
        name: "shrinkage",
        title: "Shrinkage".into(),
        description: "Arrows.".into(),
        panels: vec![Panel {
            title: None,
            x: Axis::new("intercept (ms)"),
            y: Axis::new("slope of days (ms per day)"),
            layers: vec![
                Mark::Outline(Curve {
                    x: (0..60).map(|i| 251.0 + 50.0 * angle(i).cos()).collect(),
                    y: (0..60).map(|i| 10.5 + 12.0 * angle(i).sin()).collect(),
                    name: String::new(),
                })
                .styled(Style::default().colour(Colour::Faint).dash(Dash::Dashed))
                .keyed("95% of groups"),
                Mark::Arrows {
                    from,
                    to,
                    names: vec![],
                }
                .styled(Style::default().colour(Colour::Series(0)))
                .keyed("from no pooling to partial pooling"),
                Mark::Points {
                    x: x.clone(),
                    y: y.clone(),
                    names: vec![],
                }
                .styled(Style::default().colour(Colour::Series(0)).size(0.7)),
                Mark::Labels {
                    x,
                    y,
                    texts: (0..18).map(|g| format!("{}", 308 + g)).collect(),
                }
                .styled(Style::default()),
            ],
        }],
        ..Chart::default()
    }
}

/// Odds ratios on a logarithmic axis, with names upwards of nothing.
pub fn odds() -> Chart {
    let mut chart = coefficients();
    chart.panels[0].x = Axis {
        scale: Scale::Log,
        ..Axis::new("odds ratio")
    }
    .including([1.0]);
    for layer in &mut chart.panels[0].layers {
        match &mut layer.mark {
            Mark::Points { x, .. } => x.iter_mut().for_each(|x| *x = (*x / 2.0).exp()),
            Mark::Intervals { lower, upper, .. } => {
                lower
                    .iter_mut()
                    .chain(upper)
                    .for_each(|x| *x = (*x / 2.0).exp());
            }
            Mark::Rules(rules) => *rules = vec![Rule::Vertical(1.0)],
            _ => {}
        }
    }
    chart
}

/// Variance shares as bars over names below.
pub fn shares() -> Chart {
    let bars = |from: [f64; 4], to: [f64; 4], n: usize, key: &str| {
        Mark::Bars {
            along: Along::Y,
            at: vec![0.0, 1.0, 2.0, 3.0],
            from: from.to_vec(),
            to: to.to_vec(),
            width: 0.7,
        }
        .styled(Style::series(n))
        .keyed(key)
    };
    Chart {
        name: "variance-shares",
        title: "Where the variance lies".into(),
        description: "Bars.".into(),
        panels: vec![Panel {
            title: None,
            x: Axis::categories(
                "model",
                [
                    "empty",
                    "random intercept and one predictor",
                    "random slope",
                    "with school means",
                ]
                .map(String::from)
                .to_vec(),
            ),
            y: Axis {
                percent: true,
                ..Axis::new("share of the variance")
            },
            layers: vec![
                bars([0.0; 4], [0.3, 0.25, 0.28, 0.1], 0, "between schools"),
                bars(
                    [0.3, 0.25, 0.28, 0.1],
                    [0.45, 0.5, 0.5, 0.3],
                    1,
                    "between classes within schools",
                ),
                bars([0.45, 0.5, 0.5, 0.3], [1.0; 4], 2, "within classes"),
            ],
        }],
        ..Chart::default()
    }
}

/// Points beyond what can be seen singly.
pub fn cloud(points: usize) -> Chart {
    let mut chance = Chance(41);
    let (x, y): (Vec<f64>, Vec<f64>) = (0..points)
        .map(|_| {
            let x = chance.normal();
            (x, 0.5 * x + chance.normal())
        })
        .unzip();
    Chart {
        name: "residuals",
        title: "Residuals against fitted values".into(),
        description: "A cloud.".into(),
        panels: vec![Panel {
            title: None,
            x: Axis::new("fitted value"),
            y: Axis::new("residual"),
            layers: vec![
                Mark::Points {
                    x,
                    y,
                    names: vec![],
                }
                .styled(Style::default().colour(Colour::Series(0))),
                Mark::Rules(vec![Rule::Horizontal(0.0)])
                    .styled(Style::default().colour(Colour::Faint)),
            ],
        }],
        ..Chart::default()
    }
}

/// All of them, with names for files.
pub fn all() -> Vec<(String, Chart)> {
    let mut narrow = coefficients();
    narrow.width = Some(85.0);
    let mut wide = checks();
    wide.width = Some(180.0);
    let mut column = checks();
    column.width = Some(85.0);
    let mut small = caterpillar(18);
    small.width = Some(85.0);
    let mut few = facets(18);
    few.width = Some(85.0);
    let mut log = odds();
    log.width = Some(85.0);
    let mut bars = shares();
    bars.width = Some(85.0);
    vec![
        ("caterpillar-18".into(), caterpillar(18)),
        ("caterpillar-18-column".into(), small),
        ("caterpillar-200".into(), caterpillar(200)),
        ("facets-18".into(), facets(18)),
        ("facets-18-column".into(), few),
        ("facets-60".into(), facets(60)),
        ("facets-2".into(), facets(2)),
        ("checks-150".into(), checks()),
        ("checks-180".into(), wide),
        ("checks-column".into(), column),
        ("coefficients".into(), coefficients()),
        ("coefficients-column".into(), narrow),
        ("shrinkage".into(), shrinkage()),
        ("odds".into(), odds()),
        ("odds-column".into(), log),
        ("shares".into(), shares()),
        ("shares-column".into(), bars),
        ("cloud".into(), cloud(200_000)),
    ]
}
