# Writes model_matrix.json: names and values of R's model matrices for tests/model_matrix.rs.
# Run with: Rscript model_matrix.R > model_matrix.json
suppressMessages({library(splines); library(jsonlite)})
d <- data.frame(
  y = c(2.1, 3.4, 1.9, 5.6, 4.2, 6.1, 7.7, 3.3, 8.8, 6.4, 9.9, 7.2, 5.1, 4.9),
  x = c(1.0, 2.5, 0.5, 4.0, 3.0, 6.0, 7.5, 2.0, 8.0, 5.0, 9.5, 6.5, 4.5, 3.5),
  z = c(0.2, -1.3, 0.7, 2.2, -0.4, 1.1, 0.0, -2.0, 1.6, 0.9, -0.8, 0.3, 1.2, -1.1),
  f = factor(c("a","b","c","a","b","c","a","b","c","a","b","c","a","b")),
  h = factor(c("hi","lo","mid","hi","mid","lo","hi","lo","mid","top","mid","top","lo","hi")),
  g = factor(c("u","u","v","v","w","w","u","u","v","v","w","w","u","v")),
  id = c(3, 3, 1, 1, 2, 2, 3, 10, 1, 1, 2, 10, 10, 1))
new <- data.frame(x = c(-1, 0.5, 2.2, 7, 9.5, 12), z = c(0, 1, -1, 0.5, 2, -3),
  f = factor(c("b","c","a","a","b","c"), levels = levels(d$f)),
  h = factor(c("top","hi","lo","mid","lo","hi"), levels = levels(d$h)),
  g = factor(c("w","u","v","u","v","w"), levels = levels(d$g)),
  id = c(10, 1, 3, 2, 1, 10))
formulas <- c(
  "1", "x", "0 + x", "f", "0 + f", "x + f", "f + x", "x:f", "x * f", "0 + x + x:f", "f + f:x",
  "0 + x:f", "f * g", "f:g", "0 + f:g", "f + f:g", "g + f:g", "f * g * h", "f:g:h", "f * g - f",
  "(f + g + h)^2", "f %in% g", "f:g + f:h", "0 + g + f:g", "0 + f * x", "x:z", "x * z * f", "z:f:g",
  "I(x^2)", "x + I(x^2) + I(x^3)", "log(x)", "log(x, 2)", "log2(x) + log10(x) + log1p(x)",
  "exp(z) + expm1(z) + sqrt(x) + abs(z)", "sin(x) + cos(x) + tan(x)", "asin(z/4) + acos(z/4) + atan(z)",
  "sinh(z) + cosh(z) + tanh(z)", "floor(z) + ceiling(z) + round(z) + sign(z)", "round(z, 1)",
  "pmin(x, z) + pmax(x, 3)", "ifelse(z > 0, x, -x)", "I(x - 4.5)", "I((x - z)/2)", "I(-x)",
  "I(x %% 2) + I(x %/% 2)",
  "scale(x)", "scale(x, center = FALSE)", "scale(x, scale = FALSE)", "scale(x, 2, 3)",
  "scale(x, TRUE, FALSE)", "scale(log(x))", "scale(x):f",
  "poly(x, 1)", "poly(x, 2)", "poly(x, 4)", "poly(x, 3, raw = TRUE)", "poly(z, 2) * f", "poly(x, 2):f",
  "f:poly(x, 2)", "poly(scale(x), 2)", "poly(log(x), 2)", "poly(x, 2):poly(z, 2)", "poly(id, 3)",
  "ns(x, 1)", "ns(x, 3)", "ns(x, df = 4)", "ns(x, knots = c(3, 6))", "ns(x, 3, intercept = TRUE)",
  "ns(x, 2, Boundary.knots = c(1, 8))", "ns(log(x), 3)", "ns(id, 2)",
  "bs(x)", "bs(x, 5)", "bs(x, df = 4, degree = 2)", "bs(x, knots = c(3, 5))", "bs(x, 4, intercept = TRUE)",
  "bs(x, degree = 1, knots = 4)", "bs(x, 4):f", "bs(x, 5, Boundary.knots = c(0, 10))",
  "C(f, sum)", "C(f, helmert)", "C(f, poly)", "C(f, contr.sum) * x", "C(h, poly)", "C(h, sum):C(f, helmert)",
  "C(f, sum) * C(h, treatment)", "0 + C(f, sum)", "factor(id)", "0 + factor(id)", "x * factor(id)", "C(factor(id), sum)",
  "relevel(f, \"b\")", "relevel(f, ref = \"c\") * x", "relevel(factor(id), \"10\")",
  "interaction(f, g)", "0 + interaction(f, g)", "factor(id, levels = c(10, 3, 2, 1))",
  "factor(id, levels = c(1, 2, 3, 10), labels = c(\"one\", \"two\", \"three\", \"ten\"))", "factor(round(x))",
  "factor(f, labels = c(\"A\", \"B\", \"C\"))")
cases <- lapply(formulas, function(s) {
  mf <- model.frame(as.formula(paste("~", s)), d, drop.unused.levels = TRUE)
  m <- model.matrix(terms(mf), mf)
  nd <- tryCatch({
    t <- terms(mf)
    xl <- .getXlevels(t, mf)
    mn <- suppressWarnings(model.frame(t, new, xlev = xl))
    model.matrix(t, mn, contrasts.arg = attr(m, "contrasts"))
  }, error = function(e) NULL)
  if (grepl("round\\(x", s)) nd <- NULL
  list(formula = s, names = colnames(m), assign = attr(m, "assign"),
       columns = unname(lapply(seq_len(ncol(m)), function(j) unname(m[, j]))),
       new = if (is.null(nd)) NULL else unname(lapply(seq_len(ncol(nd)), function(j) unname(nd[, j]))))
})
cat(toJSON(cases, digits = NA, auto_unbox = FALSE, null = "null", pretty = FALSE))
