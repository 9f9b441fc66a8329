/* distance ~ age * Sex + (age | Subject) in SAS */
/* Write the data first: ranef data Orthodont --csv > Orthodont.csv */
proc import datafile="Orthodont.csv" out=Orthodont dbms=csv replace;
  guessingrows=max;
run;
data Orthodont;
  set Orthodont;
  if cmiss(Sex) = 0 then Sex_1 = (Sex = "Male") + (-1)*(Sex = "Female");
  age_x_Sex_1 = age*Sex_1;
run;
proc mixed data=Orthodont method=reml;
  class Subject;
  model distance = age Sex_1 age_x_Sex_1 / solution cl ddfm=satterthwaite;
  random intercept age / subject=Subject type=un;
run;
