/* score ~ 0 + treat + treat:ses + C(treat, helmert):o + (1 | school) in SAS */
proc import datafile="pupils.csv" out=pupils dbms=csv replace;
  guessingrows=max;
run;
data pupils;
  set pupils;
  if cmiss(treat) = 0 then treat_ctrl = (treat = "ctrl");
  treat_ctrl_x_o = treat_ctrl*o;
  if cmiss(treat) = 0 then treat_high = (treat = "high");
  treat_high_x_o = treat_high*o;
  if cmiss(treat) = 0 then treat_low = (treat = "low");
  treat_low_x_o = treat_low*o;
run;
proc mixed data=pupils method=reml;
  class treat(ref="ctrl") school;
  model score = treat treat*ses treat_ctrl_x_o treat_high_x_o treat_low_x_o / solution cl noint ddfm=satterthwaite;
  random intercept / subject=school;
run;
