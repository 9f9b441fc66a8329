/* score ~ Machine + (Machine || Worker) in SAS */
/* Write the data first: ranef data Machines --csv > Machines.csv */
proc import datafile="Machines.csv" out=Machines dbms=csv replace;
  guessingrows=max;
run;
data Machines;
  set Machines;
  if cmiss(Machine) = 0 then Machine_B = (Machine = "B");
  if cmiss(Machine) = 0 then Machine_C = (Machine = "C");
run;
proc mixed data=Machines method=reml;
  class Machine(ref="A") Worker;
  model score = Machine / solution cl ddfm=satterthwaite;
  random intercept / subject=Worker;
  random Machine_B / subject=Worker;
  random Machine_C / subject=Worker;
run;
