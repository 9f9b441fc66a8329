//! `cargo xtask gallery`: every figure of `ranef plot` from built-in data and that of `ranef power`,
//! and the page of the guide that shows them. `cargo xtask gallery --check` makes them anew elsewhere and compares: figures are
//! the same to the last byte on every machine.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, fs, io};

use crate::step::{Failure, Step, root};

/// A picture: its file, the command that draws it with what is behind it, and a sentence.
struct Entry {
    file: &'static str,
    title: &'static str,
    command: &'static str,
    arguments: &'static [&'static str],
    says: &'static str,
}

/// A picture that is larger has too many marks for a page.
const LARGEST: usize = 100_000;

/// The model of most pictures.
const SLEEP: [&str; 3] = ["-f", "Reaction ~ Days + (Days | Subject)", "sleepstudy"];

const fn sleep(kind: &'static str) -> [&'static str; 4] {
    [SLEEP[0], SLEEP[1], SLEEP[2], kind]
}

const ENTRIES: &[Entry] = &[
    Entry {
        file: "lines",
        title: "Lines of the groups",
        command: "plot",
        arguments: &sleep("lines"),
        says: "Every subject's line and that of the population.",
    },
    Entry {
        file: "pooling",
        title: "Complete, no and partial pooling",
        command: "plot",
        arguments: &sleep("pooling"),
        says: "How far the model draws each subject's line to that of all.",
    },
    Entry {
        file: "shrinkage",
        title: "Shrinkage",
        command: "plot",
        arguments: &sleep("shrinkage"),
        says: "Arrows from each subject's own regression to the multilevel model's.",
    },
    Entry {
        file: "caterpillar",
        title: "Caterpillar",
        command: "plot",
        arguments: &sleep("caterpillar"),
        says: "Random effects with intervals, sorted.",
    },
    Entry {
        file: "coefficients",
        title: "Coefficients",
        command: "plot",
        arguments: &[
            "-f",
            "TICKS ~ factor(YEAR) + cHEIGHT + (1 | BROOD) + (1 | LOCATION)",
            "grouseticks",
            "coefficients",
            "--family",
            "poisson",
        ],
        says: "Fixed effects with intervals; of a count model as ratios.",
    },
    Entry {
        file: "predictions",
        title: "Predictions",
        command: "plot",
        arguments: &[
            "-f",
            "weight ~ Time * Diet + (Time | Chick)",
            "ChickWeight",
            "predictions",
            "--x",
            "Time",
            "--by",
            "Diet",
            "--factor",
            "Diet",
        ],
        says: "What the model expects along a predictor, by another, with bands.",
    },
    Entry {
        file: "variance",
        title: "Shares of variance",
        command: "plot",
        arguments: &sleep("variance"),
        says: "R² and intraclass correlations with intervals, and the pieces of all variance.",
    },
    Entry {
        file: "vpc",
        title: "Variance between groups along a predictor",
        command: "plot",
        arguments: &sleep("vpc"),
        says: "With random slopes the intraclass correlation depends on where one looks.",
    },
    Entry {
        file: "check",
        title: "One page of checks",
        command: "plot",
        arguments: &sleep("check"),
        says: "Each panel says what to look for and what the verdict of `ranef check` is.",
    },
    Entry {
        file: "check-binomial",
        title: "One page of checks of a binomial model",
        command: "plot",
        arguments: &[
            "-f",
            "cbind(incidence, size - incidence) ~ period + (1 | herd)",
            "cbpp",
            "check",
            "--family",
            "binomial",
        ],
        says: "Simulated residuals stand in the place of those that would have to be normal.",
    },
    Entry {
        file: "residuals",
        title: "Residuals along the fitted values",
        command: "plot",
        arguments: &sleep("residuals"),
        says: "The line, a robust local regression, should run flat at zero.",
    },
    Entry {
        file: "scale-location",
        title: "Spread along the fitted values",
        command: "plot",
        arguments: &sleep("scale-location"),
        says: "The line should run flat at the dashes.",
    },
    Entry {
        file: "qq",
        title: "Normal quantiles of the residuals",
        command: "plot",
        arguments: &sleep("qq"),
        says: "All points of normal residuals lie within the band with probability 0.95.",
    },
    Entry {
        file: "qq-random",
        title: "Normal quantiles of the random effects",
        command: "plot",
        arguments: &[
            "-f",
            "diameter ~ 1 + (1 | plate) + (1 | sample)",
            "Penicillin",
            "qq-random",
        ],
        says: "Conditional modes, each divided by its standard deviation under the model.",
    },
    Entry {
        file: "leverage",
        title: "Leverage and residual",
        command: "plot",
        arguments: &sleep("leverage"),
        says: "Rows beyond the contours move the fitted values most.",
    },
    Entry {
        file: "cooks",
        title: "Cook's distance of groups and rows",
        command: "plot",
        arguments: &sleep("cooks"),
        says: "What leaving out each group, and each row, does to the fixed effects.",
    },
    Entry {
        file: "simulated",
        title: "Simulated residuals",
        command: "plot",
        arguments: &[
            "-f",
            "cbind(incidence, size - incidence) ~ period + (1 | herd)",
            "cbpp",
            "simulated",
            "--family",
            "binomial",
        ],
        says: "For every family: places among simulated responses, and their quartiles along the \
               expected values.",
    },
    Entry {
        file: "profile",
        title: "Profiles",
        command: "plot",
        arguments: &sleep("profile"),
        says: "How fast the deviance rises as a parameter is moved, with intervals of several levels.",
    },
    Entry {
        file: "areas",
        title: "Groups in order",
        command: "plot",
        arguments: &sleep("areas"),
        says: "Own means, partial pooling, and intervals of each group's place.",
    },
    Entry {
        file: "power",
        title: "Power along a design",
        command: "power",
        arguments: &[
            "-f",
            "y ~ arm + (1 | clinic)",
            "--predictor",
            "arm=binary@clinic",
            "--effect",
            "arm=0.4",
            "--within",
            "clinic=10",
            "--icc",
            "clinic=0.1",
            "--groups",
            "clinic=10..90/10",
        ],
        says: "How often a study that is planned would find its effect, with the formula's line.",
    },
];

/// Makes the gallery, or with `--check` compares it with one made anew.
pub fn run(arguments: &[String]) -> Result<(), Failure> {
    let check = arguments.iter().any(|a| a == "--check");
    Step::cargo("the command", &["build", "--workspace", "--bin", "ranef"]).run()?;
    let guide = root().join("guide");
    if !check {
        write(&guide).map_err(failed)?;
        eprintln!("{} pictures in guide/gallery", ENTRIES.len());
        return Ok(());
    }
    let anew = env::temp_dir().join(format!("ranef-gallery-{}", std::process::id()));
    let found = fs::create_dir_all(&anew)
        .and_then(|()| write(&anew))
        .and_then(|()| compare(&anew, &guide));
    let _ = fs::remove_dir_all(&anew);
    match found.map_err(failed)?.as_slice() {
        [] => Ok(()),
        stale => Err(Failure::new(format!(
            "the gallery is not current ({}): run `cargo xtask gallery`, look at it, and commit it",
            stale.join(", ")
        ))),
    }
}

fn failed(error: io::Error) -> Failure {
    Failure::new(format!("gallery: {error}"))
}

/// Writes page and pictures into a folder.
fn write(guide: &Path) -> io::Result<()> {
    let folder = guide.join("gallery");
    fs::create_dir_all(&folder)?;
    let mut page = String::from(
        "# Gallery\n\nEvery figure of `ranef plot`, from built-in data, and that of `ranef power`. With `-o FILE` the ending says \
         in which form it is written (`.svg`, `.png`, `.pdf`, `.vl.json` for Vega-Lite, `.csv` and \
         `.json` for the data behind it); `--width 85` makes it as wide as a column. This page is made \
         by `cargo xtask gallery`.\n",
    );
    for entry in ENTRIES {
        let path = folder.join(format!("{}.svg", entry.file));
        draw(entry, &path)?;
        let _ = write!(
            page,
            "\n## {}\n\n{}\n\n```\nranef {} {} -o {}.svg\n```\n\n![{}](gallery/{}.svg)\n",
            entry.title,
            entry.says,
            entry.command,
            shell(entry.arguments),
            entry.file,
            entry.title,
            entry.file
        );
    }
    fs::write(guide.join("gallery.md"), page)
}

/// Draws a picture by the command beside this one.
fn draw(entry: &Entry, path: &Path) -> io::Result<()> {
    let ranef = env::current_exe()?.with_file_name(format!("ranef{}", env::consts::EXE_SUFFIX));
    let status = Command::new(ranef)
        .arg(entry.command)
        .args(entry.arguments)
        .arg("-o")
        .arg(path)
        // Figures are all that is wanted; `power` has a table too.
        .stdout(Stdio::null())
        .status()?;
    if !status.success() {
        return Err(io::Error::other(format!("`{}` was not drawn", entry.file)));
    }
    match fs::metadata(path)?.len() as usize {
        size if size > LARGEST => Err(io::Error::other(format!(
            "`{}` has {size} bytes, more than {LARGEST}",
            entry.file
        ))),
        _ => Ok(()),
    }
}

/// Arguments as they are typed.
fn shell(arguments: &[&str]) -> String {
    let quoted = arguments.iter().map(|a| match a.contains([' ', '(', '|']) {
        true => format!("'{a}'"),
        false => (*a).to_owned(),
    });
    quoted.collect::<Vec<_>>().join(" ")
}

/// The files that differ, and pictures that nothing makes any more.
fn compare(anew: &Path, guide: &Path) -> io::Result<Vec<String>> {
    let mut stale = Vec::new();
    let mut same = |name: PathBuf| -> io::Result<()> {
        let fresh = fs::read(anew.join(&name))?;
        if fs::read(guide.join(&name)).ok().as_ref() != Some(&fresh) {
            stale.push(name.display().to_string());
        }
        Ok(())
    };
    same(PathBuf::from("gallery.md"))?;
    for entry in ENTRIES {
        same(Path::new("gallery").join(format!("{}.svg", entry.file)))?;
    }
    let committed = fs::read_dir(guide.join("gallery")).into_iter().flatten();
    for file in committed.filter_map(Result::ok) {
        let name = file.file_name().to_string_lossy().into_owned();
        let known = |e: &Entry| format!("{}.svg", e.file) == name;
        if !ENTRIES.iter().any(known) {
            stale.push(format!("gallery/{name}"));
        }
    }
    Ok(stale)
}
