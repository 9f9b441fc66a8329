# The parts of glmm_reference.R: data of a model, own fits, peers, quadrature, questions.
output <- "glmm_reference.json"
cases <- if (file.exists(output)) read_json(output) else list()
names(cases) <- vapply(cases, function(c) c$id, "")
families <- c(poisson = 1, nbinom2 = 2, nbinom1 = 3, Gamma = 4, gaussian = 5, inverse.gaussian = 6, beta = 7, t = 8, binomial = 9, ordinal = 10)
links <- c(log = 1, identity = 2, inverse = 3, sqrt = 4, logit = 5, probit = 6, cloglog = 7, cauchit = 8)
all_zeros <- c(none = 0, truncated = 1, inflated = 2, hurdle = 3)
usual <- c(poisson = "log", nbinom2 = "log", nbinom1 = "log", binomial = "logit", ordinal = "logit")
dispersions <- list(nbinom2 = "size: variance mu + mu^2/size", nbinom1 = "phi: variance mu (1 + phi)", Gamma = "shape: variance mu^2/shape",
                    gaussian = "sd: variance sd^2", inverse.gaussian = "phi: variance phi mu^3", beta = "precision: variance mu (1 - mu)/(1 + precision)",
                    t = c("scale", "df"))
quiet <- function(e) suppressWarnings(suppressMessages(e))
say <- function(...) cat(format(Sys.time(), "%H:%M:%S"), ..., "\n", file = stderr())
is_wanted <- function(id) grepl(pattern, id)

# Response, design and random-effects layout of a formula.
parts <- function(formula, data, family, weights = NULL) {
  frame <- model.frame(subbars(formula), data)
  fixed <- nobars(formula)
  X <- model.matrix(terms(fixed), model.frame(fixed, data))
  if (family == "ordinal") X <- X[, colnames(X) != "(Intercept)", drop = FALSE]
  re <- mkReTrms(findbars(expandDoubleVerts(formula)), frame)
  offset <- model.offset(model.frame(fixed, data))
  y <- model.response(frame)
  w <- if (is.null(weights)) rep(1, nrow(X)) else as.numeric(data[[weights]])
  size <- rep(1, nrow(X))
  if (family == "binomial") {
    if (is.matrix(y)) { size <- rowSums(y); y <- y[, 1] }
    else if (is.factor(y)) y <- as.numeric(y != levels(y)[1])
    else if (!is.null(weights)) { size <- w; y <- round(y * w, 8); w <- rep(1, nrow(X)) }
  }
  categories <- levels(y)
  width <- lengths(re$cnms)
  levels <- vapply(re$flist[names(re$cnms)], nlevels, 0L)
  if (anyDuplicated(names(re$cnms))) levels <- vapply(names(re$cnms), function(g) nlevels(re$flist[[g]]), 0L)
  list(y = as.numeric(y), size = as.numeric(size), weights = w, offset = if (is.null(offset)) rep(0, nrow(X)) else as.numeric(offset),
       X = X, Z = t(re$Zt), width = unname(width), levels = unname(levels), re = re, categories = categories, formula = formula)
}

lower <- function(k, v) { L <- matrix(0, k, k); L[lower.tri(L, TRUE)] <- v; L }
lambdas <- function(p, v) {
  counts <- p$width * (p$width + 1) / 2
  split <- rep(seq_along(counts), counts)
  lapply(seq_along(counts), function(t) lower(p$width[t], v[split == t]))
}

tmb_object <- function(p, family, link, zeros, start) {
  MakeADFun(data = list(family = families[[family]], link = links[[link]], zeros = all_zeros[[zeros]], y = p$y, size = p$size,
                        weights = p$weights, offset = p$offset, X = unname(p$X), Z = as(p$Z, "dgCMatrix"), width = p$width, levels = p$levels),
            parameters = c(start, list(u = rep(0, ncol(p$Z)))), random = "u", DLL = "glmm_reference", silent = TRUE,
            random.start = if (link %in% c("sqrt", "inverse", "identity")) expression(0 * par[random]) else expression(last.par.best[random]),
            inner.control = list(tol = 1e-11, tol10 = 0, smartsearch = TRUE, maxit = 500))
}

start_of <- function(p, family, link, zeros, start = NULL, scale = 1, spread = 0.5) {
  beta <- rep(0, ncol(p$X))
  if (!is.null(start)) beta <- start
  else if ("(Intercept)" %in% colnames(p$X)) {
    m <- mean(p$y) / mean(p$size)
    beta[1] <- switch(link, log = log(m), identity = m, inverse = 1 / m, sqrt = sqrt(m), logit = qlogis(m), probit = qnorm(m), cloglog = log(-log(1 - m)), tan(pi * (m - 0.5)))
  }
  if (family == "t" && is.null(start)) scale <- sd(p$y) / 2
  n <- length(p$categories)
  list(beta = beta,
       lambda = unlist(lapply(p$width, function(k) (diag(k) * spread * (if (link == "identity") scale else if (link == "inverse") 0.2 else 1))[lower.tri(diag(k), TRUE)])),
       log_dispersion = if (family == "t") c(log(scale), log(8)) else if (family == "inverse.gaussian") log(var(p$y) / mean(p$y)^3) else if (family == "gaussian") log(sd(p$y)) else if (family %in% c("Gamma", "beta")) log(5) else if (is.null(dispersions[[family]])) numeric() else 0,
       logit_zero = if (zeros %in% c("inflated", "hurdle")) -1 else numeric(),
       threshold = if (family == "ordinal") qlogis(cumsum(table(p$y)) / length(p$y))[-n] else numeric())
}

hessian_of <- function(gradient, at, orders = 4) { # Richardson differences, symmetric
  H <- numDeriv::jacobian(gradient, at, method.args = list(eps = 1e-4, d = 1e-3, r = orders))
  (H + t(H)) / 2
}
newton <- function(f, g, at, steps = 4, orders = 4) { # polish: Newton steps while they help
  for (i in seq_len(steps)) {
    G <- as.numeric(g(at))
    step <- tryCatch(solve(hessian_of(g, at, orders), G), error = function(e) 0 * at)
    if (!all(is.finite(step)) || f(at - step) > f(at) + 1e-9) break
    at <- at - step
    if (sum(G * step) < 1e-14) break
  }
  at
}

own_fit <- function(p, family, link, zeros = "none", start = NULL, scale = 1) {
  first <- start_of(p, family, link, zeros, start, scale)
  object <- tmb_object(p, family, link, zeros, first)
  guarded <- function(x) { v <- tryCatch(as.numeric(object$fn(x)), error = function(e) NaN); if (is.finite(v)) v else 1e10 }
  gradient <- function(x) { v <- tryCatch(as.numeric(object$gr(x)), error = function(e) rep(0, length(x))); ifelse(is.finite(v), v, 0) }
  run1 <- quiet(nlminb(object$par, guarded, gradient, control = list(iter.max = 2000, eval.max = 4000, rel.tol = 1e-12)))
  orders <- if (nrow(p$X) > 2000) 2 else 4
  one <- newton(object$fn, object$gr, run1$par, orders = orders)
  # The second way: another optimiser, from another place, without what the first has found.
  second <- start_of(p, family, link, zeros, start, scale, spread = 0.25)
  set.seed(7)
  from <- unlist(second)
  from <- from + rnorm(length(from), 0, 0.03) * pmax(abs(from), if (link == "inverse") 0.1 else 1)
  scales <- pmax(abs(from), 0.1)
  object2 <- tmb_object(p, family, link, zeros, first)
  guarded2 <- function(x) { v <- tryCatch(as.numeric(object2$fn(x)), error = function(e) NaN); if (is.finite(v)) v else 1e10 }
  gradient2 <- function(x) { v <- tryCatch(as.numeric(object2$gr(x)), error = function(e) rep(0, length(x))); ifelse(is.finite(v), v, 0) }
  run2 <- quiet(optim(from, guarded2, gradient2, method = "BFGS", control = list(maxit = 3000, reltol = 1e-13, parscale = scales)))
  two <- newton(object2$fn, object2$gr, run2$par, orders = orders)
  value <- object$fn(one)
  gap <- as.numeric(2 * (object2$fn(two) - value))
  if (is.finite(gap) && gap < -1e-8) { say("  the second start is better by", gap); one <- newton(object$fn, object$gr, two) }
  value <- as.numeric(object$fn(one))
  G <- as.numeric(object$gr(one))
  H <- hessian_of(object$gr, one)
  V <- solve(H)
  list(p = p, object = object, par = one, value = 2 * value, gradient = max(abs(G)), decrement = as.numeric(t(G) %*% V %*% G), V = V, H = H,
       second = 2 * as.numeric(object2$fn(two)) - 2 * value, eigen = min(eigen(H, TRUE, TRUE)$values),
       report = { object$fn(one); object$report(object$env$last.par) }, family = family, link = link, zeros = zeros)
}
piece <- function(fit, name) unname(fit$par[names(fit$object$par) == name])
errors_of <- function(fit, name) unname(sqrt(diag(fit$V))[names(fit$object$par) == name])
correlation <- function(S) { s <- sqrt(diag(S)); R <- S / outer(s, s); R[!is.finite(R)] <- 0; diag(R) <- 1; R }
named <- function(x, n) as.list(setNames(as.numeric(x), n))

mean_response <- function(fit, mu) { # of the response, zeros and truncation included
  k <- if (length(piece(fit, "log_dispersion"))) exp(piece(fit, "log_dispersion")[1])
  f0 <- switch(fit$family, poisson = exp(-mu), nbinom2 = (1 + mu / k)^-k, nbinom1 = (1 + k)^(-mu / k), 0)
  pz <- plogis(piece(fit, "logit_zero"))
  switch(fit$zeros, none = mu, truncated = mu / (1 - f0), inflated = (1 - pz) * mu, hurdle = (1 - pz) * mu / (1 - f0))
}
inverse_link <- function(eta, link) switch(link, log = exp(eta), identity = eta, inverse = 1 / eta, sqrt = eta^2, logit = plogis(eta), probit = pnorm(eta), cloglog = 1 - exp(-exp(eta)), cauchit = pcauchy(eta))

described <- function(fit) {
  p <- fit$p
  terms <- colnames(p$X)
  beta <- piece(fit, "beta")
  L <- lambdas(p, piece(fit, "lambda"))
  of_beta <- names(fit$object$par) == "beta"
  last <- fit$object$env$last.par
  # Conditional covariance of b given theta, beta: Lambda (observed Hessian of u)^-1 Lambda'.
  Hu <- fit$object$env$spHess(last, random = TRUE)
  big <- bdiag(lapply(seq_along(L), function(t) kronecker(Diagonal(p$levels[t]), L[[t]])))
  head_of <- function(t) {
    first <- c(0, cumsum(p$width * p$levels))[t]
    take <- first + seq_len(p$width[t] * min(5, p$levels[t]))
    C <- as.matrix(big[take, ] %*% solve(Hu, t(big[take, , drop = FALSE])))
    group <- names(p$re$cnms)[t]
    list(levels = head(levels(p$re$flist[[group]]), 5),
         values = matrix(fit$report$b[take], ncol = p$width[t], byrow = TRUE),
         conditional_sd = matrix(sqrt(diag(C)), ncol = p$width[t], byrow = TRUE))
  }
  out <- list(criterion = fit$value, loglik = -fit$value / 2, npar = length(fit$par), aic = fit$value + 2 * length(fit$par),
              bic = fit$value + length(fit$par) * log(nrow(p$X)), nobs = nrow(p$X), fixef = named(beta, terms), std_error = named(errors_of(fit, "beta"), terms),
              vcov = unname(fit$V[of_beta, of_beta, drop = FALSE]),
              random = lapply(seq_along(L), function(t) {
                S <- L[[t]] %*% t(L[[t]])
                list(group = names(p$re$cnms)[t], terms = as.list(p$re$cnms[[t]]), levels = p$levels[t], sd = named(sqrt(diag(S)), p$re$cnms[[t]]),
                     correlation = correlation(S), modes = head_of(t))
              }))
  if (!is.null(d <- dispersions[[fit$family]])) {
    v <- exp(piece(fit, "log_dispersion"))
    out$dispersion <- list(name = sub(":.*", "", d[1]), meaning = d[1], value = v[1], log_std_error = errors_of(fit, "log_dispersion")[1])
    if (fit$family == "t") out$df <- list(value = v[2], log_std_error = errors_of(fit, "log_dispersion")[2])
  }
  if (length(piece(fit, "logit_zero"))) out$zero <- list(logit = piece(fit, "logit_zero"), std_error = errors_of(fit, "logit_zero"), probability = plogis(piece(fit, "logit_zero")))
  if (fit$family == "ordinal") {
    n <- paste(head(p$categories, -1), tail(p$categories, -1), sep = "|")
    out$thresholds <- named(piece(fit, "threshold"), n)
    out$thresholds_std_error <- named(errors_of(fit, "threshold"), n)
    out$fitted_head <- head(as.numeric(fit$report$mu), 6)
    cumulative <- inverse_link(outer(-as.numeric(fit$report$eta)[1:6], piece(fit, "threshold"), "+"), fit$link)
    out$fitted_probabilities_head <- t(apply(cbind(0, cumulative, 1), 1, diff))
  } else {
    population <- as.numeric(p$X %*% beta + p$offset)
    out$fitted_head <- head(mean_response(fit, as.numeric(fit$report$mu)), 6)
    out$population_head <- head(mean_response(fit, inverse_link(population, fit$link)), 6)
    if (fit$zeros != "none") out$conditional_mean_head <- head(as.numeric(fit$report$mu), 6)
  }
  out
}

## Peers -------------------------------------------------------------------------------------
family_of <- function(family, link, zeros) {
  f <- switch(family, poisson = if (zeros %in% c("truncated", "hurdle")) truncated_poisson(link) else poisson(link), nbinom2 = if (zeros %in% c("truncated", "hurdle")) truncated_nbinom2(link) else nbinom2(link),
              nbinom1 = nbinom1(link), Gamma = Gamma(link), gaussian = gaussian(link), beta = beta_family(link), t = t_family(link), binomial = binomial(link))
  f
}
fit_glmmTMB <- function(formula, data, family, link, zeros, weights, start = NULL) {
  data$.w <- if (is.null(weights)) rep(1, nrow(data)) else data[[weights]]
  arguments <- list(formula = formula, data = data, family = family_of(family, link, zeros), ziformula = if (zeros %in% c("inflated", "hurdle")) ~1 else ~0,
                    control = glmmTMBControl(optCtrl = list(iter.max = 1e4, eval.max = 1e4, rel.tol = 1e-13)))
  if (!is.null(weights)) arguments$weights <- data$.w
  if (!is.null(start)) arguments$start <- list(beta = start)
  quiet(do.call(glmmTMB, arguments))
}
against <- function(fit, criterion, beta, se, sds) {
  own_sd <- unlist(lapply(lambdas(fit$p, piece(fit, "lambda")), function(L) sqrt(rowSums(L^2))))
  list(criterion_minus_ours = criterion - fit$value, fixef_in_se = max(abs(beta - piece(fit, "beta")) / errors_of(fit, "beta")),
       std_error_relative = max(abs(se / errors_of(fit, "beta") - 1)), sd_relative = if (length(sds) == length(own_sd)) max(abs(sort(sds) / sort(own_sd) - 1)))
}
glmer_tight <- function(formula, data, family, link, weights = NULL, nAGQ = 1, only_fit = FALSE) {
  data$.w <- if (is.null(weights)) rep(1, nrow(data)) else data[[weights]]
  one <- function(tol, ...) quiet(glmer(formula, data, family = switch(family, poisson = poisson(link), binomial = binomial(link)), weights = .w, nAGQ = nAGQ,
    control = glmerControl(optimizer = "bobyqa", tolPwrss = tol, optCtrl = list(rhobeg = 0.05, rhoend = 1e-8, maxfun = 1e5)), ...))
  environment(formula) <- environment()
  for (tol in c(1e-12, 1e-10, 1e-8, 1e-7)) { # the tightest at which lme4's inner loop does not give up
    fit <- tryCatch(one(tol), error = function(e) NULL)
    deviance_function <- tryCatch(one(tol, devFunOnly = TRUE), error = function(e) NULL)
    if (!is.null(fit) && !is.null(deviance_function)) break
  }
  if (only_fit) return(list(fit = fit))
  # Second optimiser on lme4's own function, from a displaced start; then its Hessian, well differenced.
  at <- c(getME(fit, "theta"), fixef(fit))
  if (nrow(data) > 2000) { # minutes otherwise: lme4's own optimiser and Hessian
    se <- sqrt(diag(as.matrix(vcov(fit))))
    return(list(fit = fit, tolerance = tol, theta = getME(fit, "theta"), criterion = deviance_function(at), fixef = fixef(fit), se = se, reported_se = se, second = NULL))
  }
  far <- at * 1.05 + 0.02
  guarded <- function(x) { v <- tryCatch(deviance_function(x), error = function(e) NaN); if (is.finite(v)) v else 1e10 }
  other <- quiet(nlminb(far, guarded, lower = c(rep(-Inf, length(at))), control = list(rel.tol = 1e-14, iter.max = 1000, eval.max = 3000)))
  best <- if (other$objective < deviance_function(at) - 1e-9) other$par else at
  H <- numDeriv::hessian(deviance_function, best, method.args = list(eps = 1e-3, d = 1e-2, r = 4)) / 2
  V <- tryCatch(solve(H), error = function(e) matrix(NA, length(at), length(at)))
  b <- length(getME(fit, "theta")) + seq_along(fixef(fit))
  list(fit = fit, theta = best[-b], criterion = deviance_function(best), fixef = best[b], se = sqrt(diag(V))[b], tolerance = tol, reported_se = sqrt(diag(as.matrix(vcov(fit)))), second = other$objective - deviance_function(best))
}

## Questions ---------------------------------------------------------------------------------
mean_trace <- function(fit) { # Johnson's mean of z'Tz, per term
  p <- fit$p
  L <- lambdas(p, piece(fit, "lambda"))
  first <- c(0, cumsum(p$width * p$levels))
  vapply(seq_along(L), function(t) {
    A <- p$Z[, first[t] + seq_len(p$width[t] * p$levels[t])] %*% kronecker(Diagonal(p$levels[t]), L[[t]])
    mean(rowSums(as.matrix(A)^2))
  }, 0)
}
shares <- function(fit, formula, data, peer, weights) {
  p <- fit$p
  null <- quiet(own_fit(parts(update(nobars(formula), . ~ 1) |> (\(f) as.formula(paste(deparse1(f[[2]]), "~ 1 +", paste0("(", vapply(findbars(formula), deparse1, ""), ")", collapse = " + "),
    if (!is.null(attr(terms(nobars(formula)), "offset"))) paste("+", paste(rownames(attr(terms(nobars(formula)), "factors"))[attr(terms(nobars(formula)), "offset")], collapse = " + ")) else "")))(), data, fit$family, weights), fit$family, fit$link, fit$zeros))
  lambda_rate <- exp(piece(null, "beta") + sum(mean_trace(null)) / 2)
  k <- exp(piece(fit, "log_dispersion"))
  f <- var(as.numeric(p$X %*% piece(fit, "beta")))
  by_term <- mean_trace(fit)
  each_row <- p$levels == nrow(p$X) # an effect per observation is overdispersion
  l <- sum(by_term[!each_row])
  extra <- sum(by_term[each_row])
  v <- function(rate) switch(fit$family, poisson = log(1 + 1 / rate), nbinom2 = log(1 + 1 / rate + 1 / k), nbinom1 = log(1 + (1 + k) / rate), Gamma = log(1 + 1 / k),
              binomial = switch(fit$link, logit = pi^2 / 3, probit = 1, cloglog = pi^2 / 6))
  set <- function(d) { e <- d + extra; list(variance_distribution = d, r2_marginal = f / (f + l + e), r2_conditional = (f + l) / (f + l + e), icc_adjusted = l / (l + e), icc_unadjusted = l / (f + l + e)) }
  out <- list(variance_fixed = f, variance_random = l, variance_dispersion = extra, variance_random_by_term = as.list(by_term))
  if (fit$zeros == "none") out[[if (fit$family == "binomial") "theoretical" else "lognormal"]] <- set(v(lambda_rate))
  if (fit$family == "Gamma") out$trigamma <- set(trigamma(k))
  if (fit$zeros == "none" && fit$family %in% c("poisson", "nbinom1", "nbinom2")) {
    out$lambda <- list(nakagawa_2017 = lambda_rate, null_intercept = exp(piece(null, "beta")), null_sum_of_variances = sum(mean_trace(null)), offset_in_null = any(p$offset != 0))
    out$trigamma <- set(switch(fit$family, poisson = trigamma(lambda_rate), nbinom2 = trigamma(1 / (1 / lambda_rate + 1 / k)), nbinom1 = trigamma(lambda_rate / (1 + k))))
    out$delta <- set(switch(fit$family, poisson = 1 / lambda_rate, nbinom2 = 1 / lambda_rate + 1 / k, nbinom1 = (1 + k) / lambda_rate))
    out$lognormal_null_intercept <- set(v(exp(piece(null, "beta"))))
  }
  out$performance <- tryCatch(quiet({
    i <- performance::icc(peer); r <- performance::r2_nakagawa(peer)
    list(icc_adjusted = i$ICC_adjusted, icc_unadjusted = i$ICC_unadjusted, r2_marginal = unname(r$R2_marginal), r2_conditional = unname(r$R2_conditional),
         variance_distribution = insight::get_variance_distribution(peer)[[1]])
  }), error = function(e) list(error = conditionMessage(e)))
  out
}
overdispersion <- function(fit, formula, data, weights, link, family) {
  m <- glmer_tight(formula, data, family, link, weights, only_fit = TRUE)$fit
  o <- quiet(check_overdispersion(m))
  list(source = "performance 0.10.2 check_overdispersion on lme4's fit: Pearson residuals at the conditional modes, df n - npar",
       chisq = o$chisq_statistic, ratio = o$dispersion_ratio, df = o$residual_df, p_value = o$p_value)
}
marginal <- function(peer, specs) {
  one <- function(type) { d <- as.data.frame(summary(emmeans(peer, specs, type = type, df = Inf), infer = TRUE)); d$df <- NULL; lapply(d, function(c) as.list(if (is.factor(c)) as.character(c) else c)) }
  plain <- function(d) lapply(as.data.frame(d), function(c) as.list(if (is.factor(c)) as.character(c) else c))
  differences <- pairs(emmeans(peer, specs, df = Inf), adjust = "none")
  list(source = "emmeans 1.8.4-1 on glmmTMB, df = Inf (its own default there is a t with n - npar)", link = one("link"), response = one("response"),
       pairs_link = plain(summary(differences, type = "link", infer = TRUE)), pairs_response = plain(summary(differences, type = "response", infer = TRUE)))
}
# Profile interval of one coordinate: 2 (f - f^) = 3.84, the rest optimised; sd by its one lambda.
profiles <- function(fit, formula, data, weights) {
  p <- fit$p
  object <- fit$object
  names_of <- c(colnames(p$X))
  interval <- function(which) {
    value <- function(v) {
      inner <- fit$par[-which]
      f <- function(x) { z <- numeric(length(fit$par)); z[which] <- v; z[-which] <- x; as.numeric(object$fn(z)) }
      g <- function(x) { z <- numeric(length(fit$par)); z[which] <- v; z[-which] <- x; as.numeric(object$gr(z))[-which] }
      r <- nlminb(inner, f, g, control = list(rel.tol = 1e-14, iter.max = 500))
      2 * r$objective - fit$value
    }
    s <- sqrt(diag(fit$V))[which]; est <- fit$par[which]
    vapply(c(-1, 1), function(side) uniroot(function(v) value(v) - qchisq(0.95, 1), sort(est + side * s * c(0.5, 4)), tol = 1e-10, extendInt = "yes")$root, 0)
  }
  own <- lapply(setNames(seq_along(fit$par), c(names_of, "sd")), interval)
  own$sd <- sort(abs(own$sd))
  m <- glmer_tight(formula, data, fit$family, fit$link, weights, only_fit = TRUE)$fit
  theirs <- tryCatch(quiet(confint(m, method = "profile")), error = function(e) NULL)
  list(level = 0.95, own = own, lme4 = if (!is.null(theirs)) setNames(lapply(seq_len(nrow(theirs)), function(i) unname(theirs[i, ])), rownames(theirs)))
}

## A case ------------------------------------------------------------------------------------
prepared <- function(data, factors) {
  d <- frames[[data]]
  for (f in factors) if (!is.factor(d[[f]])) d[[f]] <- factor(d[[f]])
  d
}
case <- function(id, ...) tryCatch(one_case(id, ...), error = function(e) say("  FAILED", id, conditionMessage(e)))
one_case <- function(id, data, formula, family, link = usual[[family]], zeros = "none", weights = NULL, factors = NULL, peer = NULL, lme4 = FALSE,
                 extras = NULL, compare = NULL, emmeans = NULL, start = NULL, scale = 1) {
  if (!is_wanted(id)) return(invisible())
  say(id)
  d <- prepared(data, factors)
  p <- parts(formula, d, family, weights)
  fit <- own_fit(p, family, link, zeros, start, scale)
  if (fit$second > 1e-5) say("  NOTE second start ends above by", fit$second)
  if (fit$eigen <= 0 || fit$decrement > 1e-8) say("  NOTE eigenvalue", fit$eigen, "decrement", fit$decrement)
  expect <- described(fit)
  agreement <- list(second_start_minus_ours = fit$second, largest_gradient = fit$gradient, newton_decrement = fit$decrement)
  source <- "own TMB (glmm_reference.cpp)"
  other <- NULL
  if (identical(peer, "glmmTMB")) {
    source <- c(source, "glmmTMB 1.1.5")
    other <- fit_glmmTMB(formula, d, family, link, zeros, weights, start)
    sds <- unlist(lapply(VarCorr(other)$cond, function(v) attr(v, "stddev")))
    agreement$glmmTMB <- against(fit, -2 * as.numeric(logLik(other)), fixef(other)$cond, sqrt(diag(vcov(other)$cond)), sds)
    if (!is.null(expect$dispersion)) agreement$glmmTMB$dispersion <- sigma(other)
    if (zeros != "none") agreement$glmmTMB$predict_response_head <- unname(head(predict(other, type = "response"), 6))
    condsd <- tryCatch(quiet(as.data.frame(ranef(other, condVar = TRUE))), error = function(e) NULL)
    if (!is.null(condsd)) for (t in seq_along(expect$random)) {
      take <- condsd[condsd$grpvar == expect$random[[t]]$group & condsd$term == p$re$cnms[[t]][1], ]
      take <- take[match(expect$random[[t]]$modes$levels, as.character(take$grp)), ]
      expect$random[[t]]$modes$sd_with_parameters <- take$condsd
    }
  }
  if (identical(peer, "clmm")) {
    source <- c(source, "ordinal 2022.11-16 clmm")
    # With one scalar random effect (its C code) clmm 2022.11-16 swaps cloglog and loglog.
    swapped <- link == "cloglog" && length(p$width) == 1 && p$width == 1
    if (swapped) source[2] <- paste(source[2], "with link = \"loglog\", which it swaps with cloglog for one scalar random effect")
    other <- quiet(clmm(formula, d, link = if (swapped) "loglog" else link, control = clmm.control(maxIter = 500, gradTol = 1e-6)))
    b <- coef(summary(other))[colnames(p$X), , drop = FALSE]
    agreement$clmm <- against(fit, -2 * as.numeric(logLik(other)), b[, 1], b[, 2], unlist(lapply(VarCorr(other), function(v) attr(v, "stddev"))))
  }
  l <- if (lme4) tryCatch(glmer_tight(formula, d, family, link, weights), error = function(e) { say("  lme4:", conditionMessage(e)); NULL })
  if (!is.null(l)) {
    source <- c(source, "lme4 1.1-31")
    expect$lme4 <- list(criterion = l$criterion, fixef = named(l$fixef, colnames(p$X)), std_error = named(l$se, colnames(p$X)), std_error_reported = named(l$reported_se, colnames(p$X)),
                        theta = unname(l$theta), tol_pwrss = l$tolerance, second_optimiser_minus = l$second)
    agreement$lme4 <- against(fit, l$criterion, l$fixef, l$se, unlist(lapply(VarCorr(l$fit), function(v) attr(v, "stddev"))))
  }
  if ("shares" %in% extras) expect$shares <- shares(fit, formula, d, other, weights)
  if ("overdispersion" %in% extras) expect$overdispersion <- overdispersion(fit, formula, d, weights, link, family)
  if ("emmeans" %in% extras) expect$emmeans <- marginal(other, emmeans)
  if ("profile" %in% extras) expect$profile <- profiles(fit, formula, d, weights)
  if ("lrt" %in% extras) {
    small <- own_fit(parts(compare, d, family, weights), family, link, zeros)
    chisq <- small$value - fit$value
    df <- length(fit$par) - length(small$par)
    expect$lrt <- list(against = deparse1(compare), criterion = small$value, chisq = chisq, df = df, p_value = pchisq(chisq, df, lower.tail = FALSE))
  }
  options <- list(agq = 1)
  if (!is.null(weights)) options$weights <- weights
  if (!is.null(factors)) options$factors <- as.list(factors)
  if (zeros != "none") options$zeros <- zeros
  cases[[id]] <<- list(id = id, data = data, formula = deparse1(formula), family = family, link = link, options = options, source = as.list(source),
                       tolerance = list(criterion_above = 1e-5, criterion_absolute = 1e-5, fixef_in_se = 1e-3, std_error_relative = 0.01, sd_relative = 1e-3, modes_absolute_in_sd = 1e-3, fitted_relative = 1e-3),
                       expect = expect, agreement = agreement)
  save_cases()
}
save_cases <- function() writeLines(c("[", paste0(vapply(cases, function(c) toJSON(c, auto_unbox = TRUE, digits = NA, null = "null", na = "null"), ""), c(rep(",", length(cases) - 1), "")), "]"), output)

## Adaptive quadrature -----------------------------------------------------------------------
# Log-density of one row as a function of eta; derivatives by R's own symbolic rules.
densities <- list(
  binomial_logit = quote(y * eta - m * log1p(exp(eta))),
  binomial_probit = quote(y * log(pnorm(eta)) + (m - y) * log(pnorm(-eta))),
  binomial_cloglog = quote(y * log(-expm1(-exp(eta))) - (m - y) * exp(eta)),
  poisson_log = quote(y * eta - exp(eta) - lgamma(y + 1)),
  nbinom2_log = quote(lgamma(y + k) - lgamma(k) - lgamma(y + 1) + k * log(k) + y * eta - (y + k) * log(k + exp(eta))),
  Gamma_log = quote(k * (log(k) - eta) + (k - 1) * log(y) - k * y * exp(-eta) - lgamma(k)),
  ordinal_logit = quote(log(1 / (1 + exp(-(hi - eta))) - 1 / (1 + exp(-(lo - eta))))))
hermite <- function(n) { # Golub and Welsch (1969), weight exp(-x^2)
  if (n == 1) return(list(x = 0, w = sqrt(pi)))
  J <- matrix(0, n, n); i <- seq_len(n - 1)
  J[cbind(i, i + 1)] <- J[cbind(i + 1, i)] <- sqrt(i / 2)
  e <- eigen(J, TRUE)
  x <- e$values
  # weights by Christoffel: accurate in the tails, where eigenvectors are not
  P <- matrix(0, n, n); P[, 1] <- pi^-0.25; P[, 2] <- sqrt(2) * x * P[, 1]
  if (n > 2) for (j in 3:n) P[, j] <- sqrt(2 / (j - 1)) * x * P[, j - 1] - sqrt((j - 2) / (j - 1)) * P[, j - 2]
  list(x = x, w = 1 / rowSums(P^2))
}
quadrature <- function(p, family, link, root = "lower") {
  name <- paste(family, link, sep = "_")
  density <- densities[[name]]
  derivatives <- deriv(density, "eta", hessian = TRUE)
  constant <- if (family == "binomial") sum(lchoose(p$size, p$y)) else 0
  g <- p$re$flist[[1]]
  q <- p$width
  rows <- split(seq_along(p$y), g)
  Zs <- lapply(seq_along(rows), function(j) as.matrix(p$Z[rows[[j]], (j - 1) * q + seq_len(q), drop = FALSE]))
  modes <- lapply(rows, function(r) rep(0, q))
  nb <- ncol(p$X); nl <- q * (q + 1) / 2
  function(par, K, at_fixed_root = root) {
    beta <- par[seq_len(nb)]
    L <- lower(q, par[nb + seq_len(nl)])
    rest <- par[-seq_len(nb + nl)]
    k <- if (family %in% c("nbinom2", "Gamma")) exp(rest[1])
    if (family == "ordinal") { cut <- c(-50, rest, 50); lo_all <- cut[p$y]; hi_all <- cut[p$y + 1] }
    fixed <- as.numeric(p$X %*% beta + p$offset)
    h <- hermite(K)
    grid <- as.matrix(expand.grid(rep(list(h$x), q)))
    weight <- rowSums(log(as.matrix(expand.grid(rep(list(h$w), q))))) + rowSums(grid^2)
    total <- constant
    for (j in seq_along(rows)) {
      r <- rows[[j]]; y <- p$y[r]; m <- p$size[r]; A <- Zs[[j]] %*% L
      if (family == "ordinal") { lo <- lo_all[r]; hi <- hi_all[r] }
      u <- modes[[j]]
      if (!all(is.finite(u))) u <- rep(0, q)
      objective <- function(u) { eta <- fixed[r] + as.numeric(A %*% u); sum(p$weights[r] * eval(density)) - sum(u^2) / 2 }
      now <- objective(u)
      for (step in 1:60) {
        eta <- fixed[r] + as.numeric(A %*% u)
        d <- eval(derivatives)
        G <- as.numeric(crossprod(A, p$weights[r] * attr(d, "gradient")[, 1])) - u
        H <- diag(q) - crossprod(A, p$weights[r] * attr(d, "hessian")[, 1, 1] * A)
        move <- solve(H, G); t <- 1
        repeat { new <- objective(u + t * move); if (is.finite(new) && new >= now - 1e-12 || t < 1e-6) break; t <- t / 2 }
        u <- u + t * move; now <- new
        if (max(abs(move)) < 1e-11) break
      }
      modes[[j]] <<- u
      eta <- fixed[r] + as.numeric(A %*% u)
      d <- eval(derivatives)
      H <- diag(q) - crossprod(A, p$weights[r] * attr(d, "hessian")[, 1, 1] * A)
      C <- if (at_fixed_root == "lower") t(chol(solve(H))) else backsolve(chol(H), diag(q))
      U <- matrix(u, nrow(grid), q, byrow = TRUE) + sqrt(2) * grid %*% t(C)
      E <- fixed[r] + A %*% t(U)
      eta <- as.numeric(E)
      y <- rep(y, nrow(U)); m <- rep(m, nrow(U))
      if (family == "ordinal") { lo <- rep(lo, nrow(U)); hi <- rep(hi, nrow(U)) }
      value <- colSums(matrix(eval(density) * rep(p$weights[r], nrow(U)), nrow = length(r))) - rowSums(U^2) / 2 + weight
      total <- total + max(value) + log(sum(exp(value - max(value)))) + sum(log(abs(diag(C)))) - q / 2 * log(pi)
    }
    total
  }
}
# One group's likelihood by a dense trapezoid grid in u: no mode, no curvature, no quadrature rule.
dense <- function(p, family, link, par, half = 8.5, points = if (p$width == 1) 6001 else 801) {
  density <- densities[[paste(family, link, sep = "_")]]
  q <- p$width; nb <- ncol(p$X); nl <- q * (q + 1) / 2
  beta <- par[seq_len(nb)]; L <- lower(q, par[nb + seq_len(nl)]); rest <- par[-seq_len(nb + nl)]
  k <- if (family %in% c("nbinom2", "Gamma")) exp(rest[1])
  fixed <- as.numeric(p$X %*% beta + p$offset)
  x <- seq(-half, half, length.out = points)
  U <- as.matrix(expand.grid(rep(list(x), q)))
  rows <- split(seq_along(p$y), p$re$flist[[1]])
  total <- if (family == "binomial") sum(lchoose(p$size, p$y)) else 0
  base <- -rowSums(U^2) / 2 - q / 2 * log(2 * pi)
  for (j in seq_along(rows)) {
    value <- base
    A <- as.matrix(p$Z[rows[[j]], (j - 1) * q + seq_len(q), drop = FALSE]) %*% L
    for (i in seq_along(rows[[j]])) {
      r <- rows[[j]][i]; eta <- fixed[r] + as.numeric(U %*% A[i, ]); y <- p$y[r]; m <- p$size[r]
      if (family == "ordinal") { cut <- c(-50, rest, 50); lo <- cut[y]; hi <- cut[y + 1] }
      value <- value + p$weights[r] * eval(density)
    }
    value[!is.finite(value)] <- -Inf
    total <- total + max(value) + log(sum(exp(value - max(value)))) + q * log(x[2] - x[1])
  }
  total
}
case_agq <- function(id, data, formula, family, link = usual[[family]], factors = NULL, nodes, peer = NULL) {
  if (!is_wanted(id)) return(invisible())
  say(id)
  d <- prepared(data, factors)
  p <- parts(formula, d, family)
  laplace <- own_fit(p, family, link)
  Q <- quadrature(p, family, link)
  at <- laplace$par
  names_of <- names(laplace$object$par)
  fixed_point <- signif(at * 1.1 + 0.05, 4)
  saturated <- switch(family, poisson = sum(dpois(p$y, p$y, TRUE)), binomial = sum(dbinom(p$y, p$size, p$y / p$size, TRUE)), 0)
  results <- list()
  worst <- 0
  for (K in nodes) {
    f <- function(x) { v <- tryCatch(-Q(x, K), error = function(e) NaN); if (is.finite(v)) v else 1e10 }
    g <- function(x) numDeriv::grad(f, x, method.args = list(eps = 1e-4, d = 1e-3, r = if (p$width > 1) 2 else 4))
    run <- nlminb(at, f, g, control = list(rel.tol = 1e-13, iter.max = 200))
    # The second way from elsewhere; for vector effects with many nodes it would take long: done at 9.
    other <- if (p$width == 1 || K <= 9) optim(laplace$par * 1.07 + 0.03, f, g, method = "BFGS", control = list(reltol = 1e-14, maxit = 400)) else list(value = run$objective)
    best <- if (other$value < run$objective) other$par else run$par
    at <- best
    gap <- 2 * abs(other$value - run$objective)
    H <- numDeriv::hessian(f, best, method.args = list(eps = 1e-3, d = 1e-2, r = if (p$width > 1) 3 else 4))
    step <- solve(H, g(best))
    if (f(best - step) <= f(best)) best <- best - step
    se <- sqrt(diag(solve(H)))
    pick <- function(n) unname(best[names_of == n])
    S <- { L <- lower(p$width, pick("lambda")); L %*% t(L) }
    r <- list(nodes = K, criterion = 2 * f(best), loglik = -f(best), fixef = named(pick("beta"), colnames(p$X)), std_error = named(se[names_of == "beta"], colnames(p$X)),
              random = list(list(group = names(p$re$cnms), sd = named(sqrt(diag(S)), p$re$cnms[[1]]), correlation = correlation(S))),
              second_start_gap = if (p$width == 1 || K <= 9) gap, exact_loglik_here = dense(p, family, link, best))
    if (family %in% c("nbinom2", "Gamma")) r$dispersion <- exp(pick("log_dispersion"))
    if (family == "ordinal") r$thresholds <- pick("threshold")
    if (identical(peer, "lme4")) {
      l <- glmer_tight(formula, d, family, link, nAGQ = K)
      r$lme4 <- list(criterion = l$criterion, criterion_true_scale = l$criterion - if (K > 1) 2 * saturated else 0, fixef = named(l$fixef, colnames(p$X)), theta = unname(l$theta))
    }
    if (identical(peer, "clmm")) {
      o <- quiet(clmm(formula, d, link = link, nAGQ = K, control = clmm.control(maxIter = 500, gradTol = 1e-6)))
      r$clmm <- list(criterion = -2 * as.numeric(logLik(o)), fixef = as.list(o$beta), thresholds = unname(o$alpha), sd = unname(as.numeric(o$ST[[1]])))
    }
    results[[length(results) + 1]] <- r
  }
  # Values at one fixed parameter: no optimiser between.
  grid <- unique(c(1, 2, 3, 5, 7, 9, 15, 25, 35))
  values <- lapply(grid, function(K) list(nodes = K, loglik = Q(fixed_point, K), loglik_precision_root = if (p$width > 1) Q(fixed_point, K, "precision")))
  cases[[id]] <<- list(id = id, data = data, formula = deparse1(formula), family = family, link = link, options = c(list(agq = as.list(nodes)), if (!is.null(factors)) list(factors = as.list(factors))),
    source = as.list(c("own adaptive Gauss-Hermite in R (glmm_reference_parts.R), product grid", if (!is.null(peer)) c(lme4 = "lme4 1.1-31", clmm = "ordinal 2022.11-16 clmm")[[peer]])),
    tolerance = list(criterion_absolute = 1e-6, fixef_in_se = 1e-3),
    expect = list(saturated_loglik = saturated, laplace_criterion = laplace$value, fits = results,
      at_fixed_parameters = list(order = as.list(names_of), note = "beta; lambda = lower triangle of the covariance root, column by column; log dispersion (log size, log shape); thresholds. lower: nodes along the lower Cholesky root of the inverse curvature; precision: along the inverse of the upper root of the curvature",
        parameters = unname(fixed_point), dense_loglik = dense(p, family, link, fixed_point), values = values)))
  save_cases()
}
finish <- function() {
  say(length(cases), "cases in", output)
  for (c in cases) if (!is.null(c$agreement)) cat(sprintf("%-32s %18.8f second %9.1e decr %8.1e", c$id, c$expect$criterion, c$agreement$second_start_minus_ours, c$agreement$newton_decrement),
    unlist(lapply(c("glmmTMB", "clmm", "lme4"), function(n) if (!is.null(a <- c$agreement[[n]])) sprintf("%s %9.2e %8.1e %8.1e %8.1e", n, as.numeric(a$criterion_minus_ours), as.numeric(a$fixef_in_se), as.numeric(a$std_error_relative), if (is.null(a$sd_relative) || length(a$sd_relative) == 0) NA else as.numeric(a$sd_relative)))), "\n")
}
