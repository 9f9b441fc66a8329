// score ~ ses * treat in Stata
import delimited "pupils.csv", clear varnames(1) case(preserve)
label define treat_code 1 "ctrl" 2 "high" 3 "low"
encode treat, generate(treat_code) label(treat_code)
regress score ses i.treat_code c.ses#i.treat_code
