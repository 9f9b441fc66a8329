// score ~ 0 + treat + treat:ses + C(treat, helmert):o + (1 | school) in Stata
import delimited "pupils.csv", clear varnames(1) case(preserve)
egen school_id = group(school)
label define treat_code 1 "ctrl" 2 "high" 3 "low"
encode treat, generate(treat_code) label(treat_code)
mixed score ibn.treat_code ibn.treat_code#c.ses ibn.treat_code#c.o, noconstant ///
    || school_id: ///
    , reml dfmethod(satterthwaite) stddeviations nolog
