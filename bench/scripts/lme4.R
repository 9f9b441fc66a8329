# Fits one case with lme4 and prints a record: Rscript lme4.R FOLDER FORMULA REML SECONDS FAMILY
# The data are loaded before the clock starts; defaults of lmer() and glmer() throughout.
suppressMessages(library(lme4))
arguments <- commandArgs(trailingOnly = TRUE)
folder <- arguments[1]
formula <- as.formula(arguments[2])
reml <- arguments[3] == "true"
patience <- as.numeric(arguments[4])
family <- arguments[5]

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

status <- function(key) {
  line <- grep(key, readLines("/proc/self/status"), value = TRUE)
  as.numeric(gsub("[^0-9]", "", line)) / 1024
}
invisible(gc())
cat("5", file = "/proc/self/clear_refs")
before <- status("VmRSS")

cpu <- wall <- numeric()
peak <- NA
messages <- character()
start <- proc.time()[["elapsed"]]
repeat {
  time <- system.time(fit <- withCallingHandlers(
    if (family == "gaussian") lmer(formula, data, REML = reml)
    else glmer(formula, data, family = family),
    warning = function(w) invokeRestart("muffleWarning")), gcFirst = TRUE)
  cpu <- c(cpu, time[["user.self"]] + time[["sys.self"]])
  wall <- c(wall, time[["elapsed"]])
  if (length(wall) == 1) peak <- status("VmHWM")
  spent <- proc.time()[["elapsed"]] - start
  if ((length(wall) >= 3 && spent > patience) || length(wall) >= 1000) break
}

said <- fit@optinfo$conv$lme4$messages
converged <- fit@optinfo$conv$opt == 0 && all(grepl("singular", said))
note <- if (length(said)) gsub("[\"\\\\\n]", " ", paste(said, collapse = "; ")) else ""
numbers <- function(x) sprintf("[%.6f, %.6f, %.6f]", median(x), min(x), max(x))
cat(sprintf(paste0(
  '{"version": "%s", "criterion": %.9f, "evaluations": %d, "converged": %s, "runs": %d, ',
  '"cpu": %s, "wall": %s, "memory_before": %.1f, "memory_peak": %.1f, "note": %s}\n'),
  packageVersion("lme4"), if (reml) REMLcrit(fit) else -2 * as.numeric(logLik(fit)),
  fit@optinfo$feval, if (converged) "true" else "false", length(wall),
  numbers(cpu), numbers(wall), before, peak,
  if (nzchar(note)) paste0('"', note, '"') else "null"))
