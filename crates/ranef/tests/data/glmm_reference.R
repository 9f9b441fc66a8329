# Reference values of generalised linear mixed models: Rscript glmm_reference.R [PATTERN]
# Writes glmm_reference.json (only the cases whose id matches PATTERN are made again).
#
# The likelihood is the Laplace approximation with the observed Hessian, all constants included
# (METHODS C4), maximised over (theta, beta, dispersion, zero inflation, thresholds) in
# glmm_reference.cpp (TMB). Each case is fitted from two starts by two optimisers (nlminb; BFGS),
# both ended by Newton steps on the exact gradient; standard errors are from the joint Hessian
# (Richardson differences of the exact gradient). `agreement` says how far the two fits, and the
# peer that knows the family (glmmTMB, ordinal::clmm, lme4), are away from what is written.
# Quadrature (`agq`) is this file's own R code, held against lme4 and clmm where they have it.
suppressMessages({
  library(TMB); library(Matrix); library(lme4); library(glmmTMB); library(ordinal)
  library(performance); library(emmeans); library(jsonlite)
})
pattern <- if (length(commandArgs(TRUE))) commandArgs(TRUE)[1] else ""
if (!file.exists(dynlib("glmm_reference"))) compile("glmm_reference.cpp", "-O1")
dyn.load(dynlib("glmm_reference"))
source("glmm_reference_parts.R")

made <- lapply(c(counts = "counts", amounts = "amounts", answers = "answers"),
               function(n) read.csv(paste0(n, ".csv"), stringsAsFactors = TRUE))
made$answers$pupil <- factor(made$answers$pupil)
frames <- c(made, list(cbpp = lme4::cbpp, grouseticks = lme4::grouseticks, VerbAgg = lme4::VerbAgg,
                       sleepstudy = lme4::sleepstudy, ChickWeight = as.data.frame(ChickWeight), wine = ordinal::wine))
frames$ChickWeight$Diet <- factor(frames$ChickWeight$Diet)
frames$ChickWeight$Chick <- factor(as.character(frames$ChickWeight$Chick), levels = as.character(1:50))

## Counts ------------------------------------------------------------------------------------
grouse <- "TICKS ~ YEAR + scale(HEIGHT) + (1 | BROOD) + (1 | LOCATION)"
case("counts_poisson", "counts", sloped ~ x + treat + (1 | site), "poisson", peer = "glmmTMB", lme4 = TRUE,
     extras = c("shares", "overdispersion", "lrt", "profile", "emmeans"), compare = sloped ~ x + (1 | site), emmeans = ~ treat)
case("counts_poisson_offset", "counts", exposed ~ x + treat + offset(log(exposure)) + (1 | site), "poisson", peer = "glmmTMB", lme4 = TRUE, extras = "shares")
case("counts_poisson_slope", "counts", sloped ~ x + treat + (x | site), "poisson", peer = "glmmTMB", lme4 = TRUE,
     extras = c("shares", "overdispersion", "lrt"), compare = sloped ~ x + treat + (1 | site))
case("counts_poisson_slope_zerocorr", "counts", sloped ~ x + treat + (x || site), "poisson", peer = "glmmTMB", lme4 = TRUE)
case("counts_poisson_weights", "counts", sloped ~ x + treat + (1 | site), "poisson", weights = "times", peer = "glmmTMB", lme4 = TRUE)
case("counts_poisson_sqrt", "counts", rooted ~ x + treat + (1 | site), "poisson", link = "sqrt", lme4 = TRUE)
case("grouseticks_poisson", "grouseticks", TICKS ~ YEAR + scale(HEIGHT) + (1 | BROOD) + (1 | INDEX) + (1 | LOCATION), "poisson",
     factors = c("YEAR", "BROOD", "INDEX", "LOCATION"), peer = "glmmTMB", lme4 = TRUE, extras = c("shares", "overdispersion"))
case("grouseticks_poisson_plain", "grouseticks", as.formula(grouse), "poisson", factors = c("YEAR", "BROOD", "LOCATION"),
     peer = "glmmTMB", lme4 = TRUE, extras = c("shares", "overdispersion"))
case("grouseticks_nbinom2", "grouseticks", as.formula(grouse), "nbinom2", factors = c("YEAR", "BROOD", "LOCATION"), peer = "glmmTMB", extras = "shares")
case("grouseticks_nbinom1", "grouseticks", as.formula(grouse), "nbinom1", factors = c("YEAR", "BROOD", "LOCATION"), peer = "glmmTMB", extras = "shares")
case("counts_nbinom2", "counts", nb2 ~ x + treat + (1 | site), "nbinom2", peer = "glmmTMB",
     extras = c("shares", "emmeans", "lrt"), compare = nb2 ~ x + (1 | site), emmeans = ~ treat)
case("counts_nbinom2_slope_offset", "counts", sloped_nb ~ x + treat + offset(log(exposure)) + (x | site), "nbinom2", peer = "glmmTMB")
case("counts_nbinom1", "counts", nb1 ~ x + treat + (1 | site), "nbinom1", peer = "glmmTMB", extras = "shares")
case("counts_truncated_poisson", "counts", positive ~ x + treat + (1 | site), "poisson", zeros = "truncated", peer = "glmmTMB")
case("counts_truncated_nbinom2", "counts", positive_nb ~ x + treat + (1 | site), "nbinom2", zeros = "truncated", peer = "glmmTMB")
case("counts_zip", "counts", zip ~ x + treat + (1 | site), "poisson", zeros = "inflated", peer = "glmmTMB", extras = "shares")
case("counts_zip_slope", "counts", sloped_zip ~ x + treat + (x || site), "poisson", zeros = "inflated", peer = "glmmTMB")
case("counts_zinb", "counts", zinb ~ x + treat + (1 | site), "nbinom2", zeros = "inflated", peer = "glmmTMB")
case("counts_hurdle_poisson", "counts", hurdle ~ x + treat + (1 | site), "poisson", zeros = "hurdle", peer = "glmmTMB")
case("counts_hurdle_nbinom2", "counts", hurdle_nb ~ x + treat + (1 | site), "nbinom2", zeros = "hurdle", peer = "glmmTMB")

## Continuous --------------------------------------------------------------------------------
case("amounts_gamma_log", "amounts", gamma ~ x + treat + (1 | unit), "Gamma", link = "log", peer = "glmmTMB", extras = "shares")
case("amounts_gamma_slope", "amounts", gamma_sloped ~ x + treat + (x | unit), "Gamma", link = "log", peer = "glmmTMB")
case("amounts_gamma_inverse", "amounts", gamma ~ x + treat + (1 | unit), "Gamma", link = "inverse", start = c(0.5, 0, 0))
case("amounts_gamma_identity", "amounts", gamma ~ treat + (1 | unit), "Gamma", link = "identity", start = c(3, 0))
case("amounts_gaussian_log", "amounts", level ~ x + treat + (1 | unit), "gaussian", link = "log", peer = "glmmTMB")
case("amounts_inverse_gaussian_log", "amounts", waiting ~ x + treat + (1 | unit), "inverse.gaussian", link = "log")
case("amounts_beta", "amounts", share ~ x + treat + (1 | unit), "beta", link = "logit", peer = "glmmTMB")
case("amounts_student", "amounts", score ~ x + treat + (1 | unit), "t", link = "identity", peer = "glmmTMB")
case("sleepstudy_gamma_log", "sleepstudy", Reaction ~ Days + (1 | Subject), "Gamma", link = "log", peer = "glmmTMB", factors = "Subject")
case("sleepstudy_gamma_slope", "sleepstudy", Reaction ~ Days + (Days | Subject), "Gamma", link = "log", peer = "glmmTMB", factors = "Subject")
case("sleepstudy_gaussian_log", "sleepstudy", Reaction ~ Days + (1 | Subject), "gaussian", link = "log", peer = "glmmTMB", factors = "Subject")
case("sleepstudy_inverse_gaussian_log", "sleepstudy", Reaction ~ Days + (1 | Subject), "inverse.gaussian", link = "log", factors = "Subject")
case("sleepstudy_student", "sleepstudy", Reaction ~ Days + (Days | Subject), "t", link = "identity", peer = "glmmTMB", factors = "Subject", start = c(250, 10), scale = 25)

## Yes and no --------------------------------------------------------------------------------
cows <- "cbind(incidence, size - incidence) ~ period + (1 | herd)"
for (link in c("logit", "probit", "cloglog", "cauchit"))
  case(paste0("cbpp_", link), "cbpp", as.formula(cows), "binomial", link = link, factors = c("period", "herd"),
       peer = if (link != "cauchit") "glmmTMB", lme4 = TRUE,
       extras = if (link == "logit") c("shares", "emmeans", "lrt", "profile", "overdispersion") else if (link != "cauchit") "shares",
       compare = cbind(incidence, size - incidence) ~ 1 + (1 | herd), emmeans = ~ period)
case("cbpp_weights", "cbpp", incidence / size ~ period + (1 | herd), "binomial", weights = "size", factors = c("period", "herd"), peer = "glmmTMB", lme4 = TRUE)
case("answers_crossed", "answers", crossed ~ x + treat + (1 | person) + (1 | item), "binomial", peer = "glmmTMB", lme4 = TRUE, extras = "shares")
case("answers_nested", "answers", nested ~ x + treat + (1 | school / pupil), "binomial", factors = "pupil", peer = "glmmTMB", lme4 = TRUE, extras = "shares")
case("answers_slope", "answers", sloped ~ x + treat + (x | person), "binomial", peer = "glmmTMB", lme4 = TRUE, extras = "shares")
case("answers_probit_slope", "answers", sloped ~ x + treat + (x | person), "binomial", link = "probit", peer = "glmmTMB", lme4 = TRUE)
case("answers_probit", "answers", probit ~ x + treat + (1 | person), "binomial", link = "probit", peer = "glmmTMB", lme4 = TRUE)
case("answers_cloglog", "answers", cloglog ~ x + treat + (1 | person), "binomial", link = "cloglog", peer = "glmmTMB", lme4 = TRUE)
case("answers_cloglog_crossed", "answers", crossed ~ x + treat + (1 | person) + (1 | item), "binomial", link = "cloglog", peer = "glmmTMB", lme4 = TRUE)
case("answers_probit_crossed", "answers", crossed ~ x + treat + (1 | person) + (1 | item), "binomial", link = "probit", peer = "glmmTMB", lme4 = TRUE)
case("answers_cauchit", "answers", cauchit ~ x + treat + (1 | person), "binomial", link = "cauchit", lme4 = TRUE)
case("answers_trials", "answers", cbind(right, trials - right) ~ x + treat + (1 | person) + (1 | item), "binomial", peer = "glmmTMB", lme4 = TRUE, extras = "overdispersion")
case("answers_trials_weights", "answers", right / trials ~ x + treat + (x | person) + (1 | item), "binomial", weights = "trials", peer = "glmmTMB", lme4 = TRUE)

## Ordered -----------------------------------------------------------------------------------
for (link in c("logit", "probit", "cloglog")) {
  case(paste0("answers_ordinal_", link), "answers", rating ~ x + treat + (1 | person), "ordinal", link = link, peer = "clmm")
  case(paste0("answers_ordinal_crossed_", link), "answers", rating ~ x + treat + (1 | person) + (1 | item), "ordinal", link = link, peer = "clmm")
}
case("answers_ordinal_slope", "answers", rating ~ x + treat + (x | person), "ordinal", peer = "clmm")
case("wine_ordinal", "wine", rating ~ temp + contact + (1 | judge), "ordinal", peer = "clmm", factors = c("rating", "judge"))

## Many rows ----------------------------------------------------------------------------------
verbal <- "r2 ~ Anger + Gender + btype + situ + (1 | id) + (1 | item)"
for (link in c("logit", "probit", "cloglog"))
  case(paste0("verbagg_", link), "VerbAgg", as.formula(verbal), "binomial", link = link, factors = "id", peer = "glmmTMB", lme4 = TRUE, extras = "shares")
case("verbagg_logit_slope", "VerbAgg", r2 ~ Anger + Gender + btype + situ + (situ | id) + (1 | item), "binomial", factors = "id", peer = "glmmTMB")
case("verbagg_ordinal", "VerbAgg", resp ~ Anger + Gender + btype + situ + (1 | id), "ordinal", factors = "id", peer = "clmm")
case("verbagg_ordinal_crossed", "VerbAgg", resp ~ Anger + Gender + btype + situ + (1 | id) + (1 | item), "ordinal", factors = "id", peer = "clmm")

## Quadrature --------------------------------------------------------------------------------
case_agq("cbpp_agq", "cbpp", as.formula(cows), "binomial", factors = c("period", "herd"), nodes = c(1, 2, 5, 9, 25), peer = "lme4")
case_agq("cbpp_probit_agq", "cbpp", as.formula(cows), "binomial", link = "probit", factors = c("period", "herd"), nodes = c(1, 2, 5, 9, 25), peer = "lme4")
case_agq("cbpp_cloglog_agq", "cbpp", as.formula(cows), "binomial", link = "cloglog", factors = c("period", "herd"), nodes = c(1, 2, 5, 9, 25), peer = "lme4")
case_agq("answers_logit_agq", "answers", sloped ~ x + treat + (1 | person), "binomial", nodes = c(1, 2, 5, 9, 25), peer = "lme4")
case_agq("counts_poisson_agq", "counts", sloped ~ x + treat + (1 | site), "poisson", nodes = c(1, 2, 5, 9, 25), peer = "lme4")
case_agq("counts_nbinom2_agq", "counts", nb2 ~ x + treat + (1 | site), "nbinom2", nodes = c(1, 5, 9, 25))
case_agq("amounts_gamma_agq", "amounts", gamma ~ x + treat + (1 | unit), "Gamma", link = "log", nodes = c(1, 5, 9, 25))
case_agq("answers_ordinal_agq", "answers", rating ~ x + treat + (1 | person), "ordinal", nodes = c(1, 5, 9, 25), peer = "clmm")
case_agq("answers_slope_agq", "answers", sloped ~ x + treat + (x | person), "binomial", nodes = c(1, 5, 9, 15))
case_agq("counts_poisson_slope_agq", "counts", sloped ~ x + treat + (x | site), "poisson", nodes = c(1, 5, 9, 15))
finish()
