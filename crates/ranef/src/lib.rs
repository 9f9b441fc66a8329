//! Multilevel (mixed-effects, hierarchical) models: from a file and a formula to a fit that is
//! certified and explained.
//!
//! ```
//! use ranef::frame::{ReadOptions, open};
//!
//! let data = open("sleepstudy", &ReadOptions::default())?;
//! let fit = ranef::lmer("Reaction ~ Days + (Days | Subject)", &*data)?;
//!
//! let days = &fit.coefficients()[1];
//! assert_eq!(days.term, "Days");
//! assert!((days.estimate.unwrap() - 10.46729).abs() < 1e-4);
//! assert!((days.df.unwrap() - 17.0).abs() < 1e-4);
//! assert!(fit.certificate().converged);
//! println!("{}", fit.summary());
//! # Ok::<(), ranef::Error>(())
//! ```
//!
//! [`lmer`] or, with choices, [`Model`] make a [`Fit`]; every question is a method of it and every
//! answer a plain type. Data come from [`frame`]: files, built-in data sets, or columns of one's
//! own.

mod adjust;
mod areas;
mod bootstrap;
mod code;
mod diagnose;
mod effects;
mod effects_table;
mod engine;
mod equations;
mod error;
mod family;
mod few_groups;
mod fit;
mod fixed_effects;
mod format;
mod generalised;
mod intervals;
mod joint;
mod levels;
mod leverage;
mod linear;
mod lines;
mod means;
mod moments;
mod notes;
mod observed;
mod options;
mod origin;
mod pooling;
mod power;
mod predict;
mod predictor;
mod random;
mod report;
mod reports;
mod residuals;
mod robust;
mod rows;
mod save;
mod simpler;
mod simulate;
mod slopes;
mod standardized;
mod summary;
mod table;
mod tests;
mod variance;
mod within_between;

pub use adjust::Adjust;
pub use areas::{
    Area, AreaFlags, Areas, AreasOptions, NewGroups, Poststratified, PoststratifiedRow,
    PoststratifyOptions,
};
pub use bootstrap::{
    Bootstrap, BootstrapCount, BootstrapInterval, BootstrapOptions, BootstrapRow, BootstrapTest,
    BootstrapType, PredictedRows, Replicate, Statistic, compare_bootstrap,
};
pub use code::{Code, Language};
pub use diagnose::{
    Check, CheckOptions, Collinearity, Component, ConditionalAic, DeletionMethod, Diagnostics,
    DiagnosticsOptions, Dispersion, Finding, GroupInfluence, Inflation, LevelInfluence, Normality,
    NormalitySample, OptimizerRun, Optimizers, Principal, QuantileDeviation, QuantilePlot,
    QuantilePoint, Residuals, RowInfluence, RowInfluences, Separation, Simulate, Simulated,
    Singularity, Spread, SpreadTest, VarianceChange, Verdict, Zeros,
};
pub use effects::{Effects, GroupCoefficient, RandomEffect};
pub use equations::{Equation, Equations, LevelEquations, Symbol};
pub use error::{Error, Place};
pub use family::Family;
pub use fit::{Certificate, Coefficient, Fit};
pub use fixed_effects::{FixedEffect, FixedEffects, FixedEffectsOptions, SpecificationTest};
pub use generalised::FamilyParameter;
pub use generalised::inverse::ResponseScale;
pub use generalised::ratios::{MedianRatio, Ratio, RatioKind, Ratios};
pub use intervals::{
    ConfidenceIntervals, Effect, IntervalMethod, Open, ParameterInterval, ProfileCurve,
};
pub use levels::{PredictorLevel, PredictorLevels, Varies};
pub use lines::{GroupLine, GroupLines, GroupLinesOptions, GroupPoint, PopulationPoint};
pub use means::{Difference, Estimate, Mean, Means, MeansOptions, Point};
pub use moments::Moments;
pub use notes::Note;
pub use observed::{Observed, ObservedColumn};
pub use options::{Curvature, DfMethod, Model, glmer, lmer};
pub use origin::Origin;
pub use pooling::{PooledCoefficient, PooledFixed, Pooling, PoolingSigma, PoolingTerm};
pub use power::{
    ClusterTrial, ClusterTrialPlan, Correlation, CrossLevel, CrossLevelPlan, Design, Grouping,
    Knob, PerEffect, PilotTest, Power, PowerOptions, PowerPlan, PowerResult, PowerTest, Predicted,
    PredictedValues, Size, Smallest, SummaryStatistics, SummaryStatisticsPlan, Variance,
};
pub use predict::{
    Budget, Groups, Interval, Intervals, PredictOptions, PredictedInterval, Predictions,
    Probability,
};
pub use predictor::{PredictorKind, PredictorRange};
pub use random::{RandomBlock, RandomEffects};
pub use ranef_design::{Contrast, FactorShape, PairShape, Relation, RowCount, Structure};
pub use ranef_engine::Interrupt;
pub use ranef_engine::lmm::Optimizer;
pub use ranef_engine::smooth;
pub use ranef_formula as formula;
pub use ranef_frame as frame;
pub use report::Report;
pub use reports::{
    Apa, ArmDisplay, Augmented, Caption, Glance, GlanceRow, Grid, GridRow, Markup, Paper,
    RegressionCell, RegressionRow, RegressionTable, Scale, Text, Tidy, TidyEffect, TidyOptions,
    TidyRow, Words, escape, numbers,
};
pub use residuals::ResidualSummary;
pub use robust::{Robust, RobustCoefficient, RobustOptions, RobustTest, RobustType};
pub use simpler::{FixedChange, SimplerModel};
pub use simulate::{SimulateOptions, Simulation};
pub use slopes::{JohnsonNeyman, Region, Slope, Slopes, SlopesOptions};
pub use standardized::{Standardized, StandardizedCoefficient};
pub use summary::Summary;
pub use table::{Answer, Column, Style, Table, Values};
pub use tests::{
    Anova, AnovaRow, AnovaType, ComparedCoefficient, Comparison, ContrastRow, ContrastTest,
    Deletion, Deletions, Hypothesis, JointTest, KenwardRoger, ModelRow, compare,
};
pub use variance::{
    Between, ColumnLevel, CurvePoint, CurveTurn, Decomposition, DistributionVariance, GroupIcc,
    Icc, LinkVariance, MeasureChange, NullMean, RSquared, Reliability, SemiPartial, Share,
    SlopeShare, Total, VarianceComparison, VarianceReduction, Variances, Within,
};
pub use within_between::{
    EffectLevel, LevelEffect, WithinBetween, WithinBetweenForm, WithinBetweenOptions,
};
