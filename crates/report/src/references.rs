//! The works that a report cites: of each method that was used, where it comes from.

use ranef::Text;

/// A work. It is cited where its method was used, and then stands in the list of references.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Work {
    /// lme4: the formula and the criterion.
    Bates2015,
    /// Residuals of discrete responses.
    DunnSmyth1996,
    /// Few groups.
    Elff2021,
    /// Multilevel regression, pooling.
    GelmanHill2007,
    /// R² with random slopes.
    Johnson2014,
    /// Small-sample tests.
    KenwardRoger1997,
    /// Median odds ratio.
    LarsenMerlo2005,
    /// Singular fits and simpler models.
    Matuschek2017,
    /// Ordered categories.
    McCullagh1980,
    /// R² and ICC of generalised models.
    Nakagawa2017,
    /// R².
    NakagawaSchielzeth2013,
    /// Restricted maximum likelihood.
    PattersonThompson1971,
    /// Adaptive quadrature.
    PinheiroBates1995,
    /// This program.
    Ranef,
    /// Hierarchical linear models.
    RaudenbushBryk2002,
    /// Variance in pieces.
    RightsSterba2019,
    /// Degrees of freedom.
    Satterthwaite1946,
    /// Laplace's approximation.
    TierneyKadane1986,
}

/// An entry of the list of references.
#[derive(Clone, Debug, PartialEq)]
pub struct Reference {
    /// The work in APA style, without its address.
    pub text: Text,
    /// Where it can be read.
    pub address: Option<String>,
}

impl Work {
    /// As it is cited within parentheses.
    pub fn short(self) -> &'static str {
        match self {
            Self::Bates2015 => "Bates et al., 2015",
            Self::DunnSmyth1996 => "Dunn & Smyth, 1996",
            Self::Elff2021 => "Elff et al., 2021",
            Self::GelmanHill2007 => "Gelman & Hill, 2007",
            Self::Johnson2014 => "Johnson, 2014",
            Self::KenwardRoger1997 => "Kenward & Roger, 1997",
            Self::LarsenMerlo2005 => "Larsen & Merlo, 2005",
            Self::Matuschek2017 => "Matuschek et al., 2017",
            Self::McCullagh1980 => "McCullagh, 1980",
            Self::Nakagawa2017 => "Nakagawa et al., 2017",
            Self::NakagawaSchielzeth2013 => "Nakagawa & Schielzeth, 2013",
            Self::PattersonThompson1971 => "Patterson & Thompson, 1971",
            Self::PinheiroBates1995 => "Pinheiro & Bates, 1995",
            Self::Ranef => concat!("ranef ", env!("CARGO_PKG_VERSION")),
            Self::RaudenbushBryk2002 => "Raudenbush & Bryk, 2002",
            Self::RightsSterba2019 => "Rights & Sterba, 2019",
            Self::Satterthwaite1946 => "Satterthwaite, 1946",
            Self::TierneyKadane1986 => "Tierney & Kadane, 1986",
        }
    }

    /// Authors, year and title; the journal or book in italics; volume and pages; the DOI.
    fn parts(self) -> (&'static str, &'static str, &'static str, &'static str) {
        match self {
            Self::Bates2015 => (
                "Bates, D., Mächler, M., Bolker, B., & Walker, S. (2015). Fitting linear \
                 mixed-effects models using lme4. ",
                "Journal of Statistical Software, 67",
                "(1), 1–48.",
                "10.18637/jss.v067.i01",
            ),
            Self::DunnSmyth1996 => (
                "Dunn, P. K., & Smyth, G. K. (1996). Randomized quantile residuals. ",
                "Journal of Computational and Graphical Statistics, 5",
                "(3), 236–244.",
                "10.1080/10618600.1996.10474708",
            ),
            Self::Elff2021 => (
                "Elff, M., Heisig, J. P., Schaeffer, M., & Shikano, S. (2021). Multilevel analysis \
                 with few clusters: Improving likelihood-based methods to provide unbiased \
                 estimates and accurate inference. ",
                "British Journal of Political Science, 51",
                "(1), 412–426.",
                "10.1017/S0007123419000097",
            ),
            Self::GelmanHill2007 => (
                "Gelman, A., & Hill, J. (2007). ",
                "Data analysis using regression and multilevel/hierarchical models.",
                " Cambridge University Press.",
                "10.1017/CBO9780511790942",
            ),
            Self::Johnson2014 => (
                "Johnson, P. C. D. (2014). Extension of Nakagawa & Schielzeth's R²GLMM to random \
                 slopes models. ",
                "Methods in Ecology and Evolution, 5",
                "(9), 944–946.",
                "10.1111/2041-210X.12225",
            ),
            Self::KenwardRoger1997 => (
                "Kenward, M. G., & Roger, J. H. (1997). Small sample inference for fixed effects \
                 from restricted maximum likelihood. ",
                "Biometrics, 53",
                "(3), 983–997.",
                "10.2307/2533558",
            ),
            Self::LarsenMerlo2005 => (
                "Larsen, K., & Merlo, J. (2005). Appropriate assessment of neighborhood effects on \
                 individual health: Integrating random and fixed effects in multilevel logistic \
                 regression. ",
                "American Journal of Epidemiology, 161",
                "(1), 81–88.",
                "10.1093/aje/kwi017",
            ),
            Self::Matuschek2017 => (
                "Matuschek, H., Kliegl, R., Vasishth, S., Baayen, H., & Bates, D. (2017). Balancing \
                 Type I error and power in linear mixed models. ",
                "Journal of Memory and Language, 94",
                ", 305–315.",
                "10.1016/j.jml.2017.01.001",
            ),
            Self::McCullagh1980 => (
                "McCullagh, P. (1980). Regression models for ordinal data. ",
                "Journal of the Royal Statistical Society: Series B, 42",
                "(2), 109–127.",
                "10.1111/j.2517-6161.1980.tb01109.x",
            ),
            Self::Nakagawa2017 => (
                "Nakagawa, S., Johnson, P. C. D., & Schielzeth, H. (2017). The coefficient of \
                 determination R² and intra-class correlation coefficient from generalized linear \
                 mixed-effects models revisited and expanded. ",
                "Journal of the Royal Society Interface, 14",
                "(134), Article 20170213.",
                "10.1098/rsif.2017.0213",
            ),
            Self::NakagawaSchielzeth2013 => (
                "Nakagawa, S., & Schielzeth, H. (2013). A general and simple method for obtaining \
                 R² from generalized linear mixed-effects models. ",
                "Methods in Ecology and Evolution, 4",
                "(2), 133–142.",
                "10.1111/j.2041-210x.2012.00261.x",
            ),
            Self::PattersonThompson1971 => (
                "Patterson, H. D., & Thompson, R. (1971). Recovery of inter-block information when \
                 block sizes are unequal. ",
                "Biometrika, 58",
                "(3), 545–554.",
                "10.1093/biomet/58.3.545",
            ),
            Self::PinheiroBates1995 => (
                "Pinheiro, J. C., & Bates, D. M. (1995). Approximations to the log-likelihood \
                 function in the nonlinear mixed-effects model. ",
                "Journal of Computational and Graphical Statistics, 4",
                "(1), 12–35.",
                "10.1080/10618600.1995.10474663",
            ),
            Self::Ranef => (
                "",
                "ranef",
                concat!(
                    " (Version ",
                    env!("CARGO_PKG_VERSION"),
                    ") [Computer software]."
                ),
                "",
            ),
            Self::RaudenbushBryk2002 => (
                "Raudenbush, S. W., & Bryk, A. S. (2002). ",
                "Hierarchical linear models: Applications and data analysis methods",
                " (2nd ed.). Sage.",
                "",
            ),
            Self::RightsSterba2019 => (
                "Rights, J. D., & Sterba, S. K. (2019). Quantifying explained variance in \
                 multilevel models: An integrative framework for defining R-squared measures. ",
                "Psychological Methods, 24",
                "(3), 309–338.",
                "10.1037/met0000184",
            ),
            Self::Satterthwaite1946 => (
                "Satterthwaite, F. E. (1946). An approximate distribution of estimates of variance \
                 components. ",
                "Biometrics Bulletin, 2",
                "(6), 110–114.",
                "10.2307/3002019",
            ),
            Self::TierneyKadane1986 => (
                "Tierney, L., & Kadane, J. B. (1986). Accurate approximations for posterior moments \
                 and marginal densities. ",
                "Journal of the American Statistical Association, 81",
                "(393), 82–86.",
                "10.1080/01621459.1986.10478240",
            ),
        }
    }

    fn reference(self) -> Reference {
        let (before, title, after, doi) = self.parts();
        Reference {
            text: Text::plain(before).then_italic(title).then(after),
            address: (!doi.is_empty()).then(|| format!("https://doi.org/{doi}")),
        }
    }
}

/// The works cited so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cited(Vec<Work>);

impl Cited {
    /// Cites works: their short forms in alphabetical order, in parentheses.
    pub fn cite(&mut self, works: &[Work]) -> String {
        let mut works = works.to_vec();
        works.sort();
        self.0.extend(&works);
        let short: Vec<&str> = works.iter().map(|w| w.short()).collect();
        format!("({})", short.join("; "))
    }

    /// The list of references, by author.
    pub fn references(mut self) -> Vec<Reference> {
        self.0.sort();
        self.0.dedup();
        self.0.into_iter().map(Work::reference).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn works_are_listed_once_and_by_author() {
        let mut cited = Cited::default();
        let text = cited.cite(&[Work::Johnson2014, Work::Bates2015]);
        assert_eq!(text, "(Bates et al., 2015; Johnson, 2014)");
        cited.cite(&[Work::Bates2015]);
        let list = cited.references();
        assert_eq!(list.len(), 2);
        assert_eq!(
            list[0].address.as_deref(),
            Some("https://doi.org/10.18637/jss.v067.i01")
        );
    }
}
