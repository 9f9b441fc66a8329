/* score ~ Machine + (0 + Machine | Worker) in SAS */
/* Write the data first: ranef data Machines --csv > Machines.csv */
proc import datafile="Machines.csv" out=Machines dbms=csv replace;
  guessingrows=max;
run;
data Machines;
  set Machines;
  if cmiss(Machine) = 0 then Machine_A = (Machine = "A");
  if cmiss(Machine) = 0 then Machine_B = (Machine = "B");
  if cmiss(Machine) = 0 then Machine_C = (Machine = "C");
run;
proc mixed data=Machines method=reml;
  class Machine(ref="A") Worker;
  model score = Machine / solution cl ddfm=satterthwaite;
  random Machine_A Machine_B Machine_C / subject=Worker type=un;
run;
