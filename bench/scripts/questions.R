# Asks one question of a fitted model and prints a record:
# Rscript questions.R FOLDER FORMULA REML SECONDS QUESTION ARGUMENT
# The fit is made before the clock starts, as it is for ranef.
arguments <- commandArgs(trailingOnly = TRUE)
folder <- arguments[1]
formula <- as.formula(arguments[2])
reml <- arguments[3] == "true"
patience <- as.numeric(arguments[4])
question <- arguments[5]
argument <- arguments[6]

package <- switch(question,
  satterthwaite = , anova = "lmerTest", `kenward-roger` = "pbkrtest", r2 = , icc = "performance",
  means = "emmeans", "lme4")
suppressMessages({ library(lme4); library(package, character.only = TRUE) })
if (package %in% c("pbkrtest", "emmeans")) suppressMessages(library(lmerTest))

columns <- read.delim(file.path(folder, "columns.tsv"), header = FALSE,
                      col.names = c("name", "kind", "levels"), stringsAsFactors = FALSE)
data <- lapply(seq_len(nrow(columns)), function(i) {
  file <- file.path(folder, paste0(columns$name[i], ".", columns$kind[i]))
  if (columns$kind[i] == "f64") {
    return(readBin(file, "double", file.size(file) / 8, endian = "little"))
  }
  codes <- readBin(file, "integer", file.size(file) / 4, endian = "little") + 1L
  structure(codes, levels = as.character(seq_len(columns$levels[i])), class = "factor")
})
names(data) <- columns$name
data <- as.data.frame(data)

quietly <- function(expression) suppressWarnings(suppressMessages(expression))
fit <- quietly(lme4::lmer(formula, data, REML = reml))
tested <- if (package %in% c("pbkrtest", "emmeans", "lmerTest") && question != "satterthwaite" &&
              question != "anova") quietly(as_lmerModLmerTest(fit))
ask <- switch(question,
  # lmerTest does the work when the fit is made: as_lmerModLmerTest() is that part of it.
  satterthwaite = function() coef(summary(as_lmerModLmerTest(fit))),
  anova = function() anova(as_lmerModLmerTest(fit)),
  `kenward-roger` = function() coef(summary(tested, ddf = "Kenward-Roger")),
  profile = function() confint(fit, quiet = TRUE),
  modes = function() as.data.frame(ranef(fit, condVar = TRUE)),
  r2 = function() list(r2(fit), icc(fit)),
  icc = function() icc(fit),
  # A number is held at two values. The limit is of rows, above which emmeans would not ask.
  means = function() as.data.frame(emmeans(
    tested, argument, at = if (is.numeric(data[[argument]])) setNames(list(0:1), argument),
    lmer.df = "satterthwaite", lmerTest.limit = 1e9)),
  # Fixed effects, standard deviations, correlations, sigma: as ranef's.
  bootstrap = function() {
    parameters <- function(m) c(fixef(m), as.data.frame(VarCorr(m))$sdcor)
    bootMer(fit, parameters, nsim = as.numeric(argument))
  },
  influence = function() cooks.distance(influence(fit, groups = argument)))

status <- function(key) {
  line <- grep(key, readLines("/proc/self/status"), value = TRUE)
  as.numeric(gsub("[^0-9]", "", line)) / 1024
}
invisible(gc())
cat("5", file = "/proc/self/clear_refs")
before <- status("VmRSS")
cpu <- wall <- numeric()
start <- proc.time()[["elapsed"]]
repeat {
  time <- system.time(quietly(ask()), gcFirst = TRUE)
  cpu <- c(cpu, time[["user.self"]] + time[["sys.self"]])
  wall <- c(wall, time[["elapsed"]])
  if (length(wall) == 1) peak <- status("VmHWM")
  spent <- proc.time()[["elapsed"]] - start
  # A question that takes minutes is asked once.
  if ((length(wall) >= 3 && spent > patience) || length(wall) >= 1000 || spent > 60) break
}
numbers <- function(x) sprintf("[%.6f, %.6f, %.6f]", median(x), min(x), max(x))
cat(sprintf(paste0(
  '{"peer": "%s", "version": "%s", "runs": %d, "cpu": %s, "wall": %s, ',
  '"memory_before": %.1f, "memory_peak": %.1f}\n'),
  package, packageVersion(package), length(wall), numbers(cpu), numbers(wall), before, peak))
