// score ~ ses + offset(2 * ses) + (1 | school) in Stata
import delimited "pupils.csv", clear varnames(1) case(preserve)
generate double v_2_ses = 2 * ses
generate double score_less_offset = score - v_2_ses - o
egen school_id = group(school)
// NOT TRANSLATED: mixed has no precision weights (residual variance σ²/w): the model below is unweighted
mixed score_less_offset ses ///
    || school_id: ///
    , reml stddeviations nolog
