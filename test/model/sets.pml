/*
 * Sets of images, their journal, leases, names and garbage, as `src/graph/sets`, `src/graph/removal.ts` and `src/graph/names`
 * do it: a model in Promela for Spin, which looks at every order of the steps of the processes, with a process killed or
 * the power cut before any step.
 *
 * Two images: 0, and 1 whose parent it is. Two imports add both, and mostly the name "app" for image 1; one may be a store of
 * image 1 alone. A third process
 * collects garbage, removes one of the images, takes the name away, or names an image. A fourth opens the graph afterwards,
 * again and again, and judges what it finds.
 *
 * The disk: what a process sees (`place`, `journal`, `app`, `base`) is not what a power cut leaves (`kept.*`). What is done
 * in one directory reaches the disk in that order, in different directories in any order, and the content of files only
 * by a sync. A power cut keeps any number of the first steps of each directory, and no content that was not synced.
 *
 * -DKILLS=N, -DCUTS=N and -DEXPIRIES=N say how often a process is killed, the power cut, a lease run out (1 each), and
 * -DONLY_IMPORTS that both imports are imports. -DWITHOUT_X leaves out the lock or the sync X. Each must lead to an assertion that fails: then the model would notice.
 */

#if !defined(WITHOUT_LOOK_AT_LEASE) && !defined(WITHOUT_LEASE)
#define LOOK_AT_LEASE
#endif

#define IMPORTS 2
#define REMOVER 2
#define OPENER 3
#define PROCESSES 4
#define NOBODY 255

/* Where the copy of image i that the import c made is. */
#define NOWHERE 0
#define STAGED 1
#define IN_GRAPH 2
#define copy(c, i) ((c) * 2 + (i))
#define inGraph(i) (place[copy(0, i)] == IN_GRAPH || place[copy(1, i)] == IN_GRAPH)

typedef Disk { byte place[4]; bit journal[IMPORTS]; bit app; bit base };

/* What processes see. */
byte place[4];
bit journal[IMPORTS];
bit app;   /* the name of image 1 */
bit base;  /* a name of image 0 */
/* What a power cut leaves. */
Disk kept;
/* A file in staging: a journal has ended, and that may not be on the disk yet. */
bit endFile;
/* Whether content is on the disk: of the copies of the images, of the journals. */
bit synced[4];
bit journalSynced[IMPORTS];

/* Steps that are not on the disk yet, of `graph`, of `graph/:tmp:`, and of the root with its `repositories`. */
chan ofGraph = [8] of { byte, byte };
chan ofStaging = [6] of { byte, bit };
chan ofRoot = [6] of { byte, bit };

/* The lock of the references, which the kernel takes back from the dead; the lock of each image. */
byte references = NOBODY;
byte imageLock[2] = NOBODY;

bit started[PROCESSES];
bit dead[PROCESSES];
bit lease[IMPORTS];
/* An import that gives no name. */
bit nameless[IMPORTS];

/* What was promised. */
bit mustHave[2];    /* an import that has the image has been acknowledged, and nobody removed it since */
bit mustHaveApp;
bit mustHaveBase;
bit mustLack[2];    /* a removal has been acknowledged, and nobody added it since */
bit mustLackApp;
bit acknowledged[IMPORTS];
bit mayDangle;      /* a removal died between the image and its names: `check` tells of such names */
bit onlyGarbage = 1;

/* Whether the opener has something to look at. */
bit news;

/* How often fate strikes at most. */
#ifndef KILLS
#define KILLS 1
#endif
#ifndef CUTS
#define CUTS 1
#endif
#ifndef EXPIRIES
#define EXPIRIES 1
#endif
byte kills = KILLS;
byte cuts = CUTS;
byte expiries = EXPIRIES;

/* ---- the disk ---- */

inline writeGraph(which, where) {
  d_step { place[which] = where; ofGraph!which, where }
}
inline keepGraph() {
  do
  :: nempty(ofGraph) -> ofGraph?w, x; kept.place[w] = x
  :: empty(ofGraph) -> break
  od
}
inline keepStaging() {
  do
  :: nempty(ofStaging) -> ofStaging?w, x; kept.journal[w] = x
  :: empty(ofStaging) -> break
  od
}
inline keepRoot() {
  do
  :: nempty(ofRoot) -> ofRoot?w, x; if :: w == 0 -> kept.app = x :: else -> kept.base = x fi
  :: empty(ofRoot) -> break
  od
}
/* syncfs(2): `syncFileSystem`. */
inline syncAll() {
  d_step {
    keepGraph(); keepStaging(); keepRoot();
    for (w : 0 .. 3) { if :: place[w] != NOWHERE -> synced[w] = 1 :: else fi };
    w = 0; x = 0
  }
}
/* `replaceFile`: the content is synced before the rename, the rename with its directory. */
inline replaceNames(which, value) {
  d_step {
    if :: which == 0 -> app = value :: else -> base = value fi;
    ofRoot!which, value
  }
#ifndef WITHOUT_SYNC_OF_NAMES
  d_step { keepRoot(); w = 0; x = 0 }
#endif
}

/* An image that is seen may not be on the disk yet: who placed it has not synced it. `Names.set` */
inline syncBeforeNames() {
#ifndef WITHOUT_SYNC_BEFORE_NAMES
  d_step { keepGraph(); w = 0; x = 0 }
#else
  skip
#endif
}

/* ---- locks ---- */

inline lockReferences(me) {
#ifndef WITHOUT_LOCK_OF_REFERENCES
  atomic { references == NOBODY -> references = me };
#endif
#ifndef WITHOUT_COMPLETION_FIRST
  completeAll(me);
#endif
  judge()
}
inline unlockReferences(me) {
  d_step { if :: references == me -> references = NOBODY :: else fi }
}
inline lockImage(me, i) {
#ifndef WITHOUT_LOCK_OF_IMAGES
  atomic { imageLock[i] == NOBODY -> imageLock[i] = me }
#else
  skip
#endif
}
inline unlockImages(me) {
  d_step {
    if :: imageLock[0] == me -> imageLock[0] = NOBODY :: else fi;
    if :: imageLock[1] == me -> imageLock[1] = NOBODY :: else fi
  }
}
/* What becomes of a process that dies: it does nothing more, and its locks are free. */
inline die(me) {
  d_step {
    unlockReferences(me);
    unlockImages(me);
    if :: me < IMPORTS -> lease[me] = 0 :: else fi;
    started[me] = 0;
    news = 1
  }
}

/* ---- sets ---- */

#define staged(c, i) (place[copy(c, i)] == STAGED)
/* The name "app" is given, if image 1 is there. Who looks for an image's names does so when it has gone. */
inline giveApp(c) {
  if
  :: inGraph(1) && !nameless[c] ->
    d_step { if :: !acknowledged[c] -> mustLackApp = 0 :: else fi };
    syncBeforeNames();
    replaceNames(0, 1)
  :: else
  fi
}
/* `completeSet`, under the lock of the references. Every step may have been done before. */
inline completeSet(c) {
  /* Its images may have been deleted and its name taken since. */
  assert(!acknowledged[c]);
  for (j : 0 .. 1) {
    atomic {
      if
      :: staged(c, j) && !inGraph(j) -> d_step { writeGraph(copy(c, j), IN_GRAPH); mustLack[j] = 0 }
      :: else
      fi
    }
  };
#ifndef WITHOUT_SYNC_OF_SET
  syncAll();
#endif
  giveApp(c);
  d_step { journal[c] = 0; endFile = 1; ofStaging!c, 0 };
#ifndef WITHOUT_SYNC_OF_JOURNALS_END
  d_step { keepStaging(); w = 0; x = 0 };
#endif
  endFile = 0;
  /* Whoever completes it: the import is there for good. */
  promise(c);
  removeStage(c)
}
inline promise(c) {
  d_step {
    if :: inGraph(0) && inGraph(1) -> mustHave[0] = 1; mustHave[1] = 1 :: else fi;
    if :: inGraph(1) && app && !nameless[c] -> mustHaveApp = 1 :: else fi
  }
}
inline removeStage(c) {
  d_step {
    for (j : 0 .. 1) {
      if
      :: staged(c, j) -> place[copy(c, j)] = NOWHERE; synced[copy(c, j)] = 0;
         if :: kept.place[copy(c, j)] == STAGED -> kept.place[copy(c, j)] = NOWHERE :: else fi
      :: else
      fi
    };
    j = 0
  }
}
/* What the dead have decided. Who wrote the journal may have died before it was on the disk. */
inline completeAll(me) {
  finishEnded();
  if :: journal[0] -> syncFoundJournal(); completeSet(0) :: else fi;
  if :: journal[1] -> syncFoundJournal(); completeSet(1) :: else fi
}
inline finishEnded() {
#ifndef WITHOUT_SYNC_OF_FOUND_END
  if :: endFile -> d_step { keepStaging(); endFile = 0; w = 0; x = 0 } :: else fi
#else
  skip
#endif
}
inline syncFoundJournal() {
#ifndef WITHOUT_SYNC_OF_FOUND_JOURNAL
  d_step { keepStaging(); w = 0; x = 0 }
#else
  skip
#endif
}

/* What must hold whenever the lock of the references is taken and the sets of the dead are complete. */
inline judge() {
  d_step {
    assert(!journal[0] && !journal[1]);
    assert(!(place[0] == IN_GRAPH && place[2] == IN_GRAPH));
    assert(!(place[1] == IN_GRAPH && place[3] == IN_GRAPH));
    /* No child without its parent, no name without its image. */
    assert(!inGraph(1) || inGraph(0));
    assert(mayDangle || ((!app || inGraph(1)) && (!base || inGraph(0))));
    /* All of a set or nothing. */
    assert(!onlyGarbage || (inGraph(0) == inGraph(1) && inGraph(1) == app));
    /* What was acknowledged is kept, and comes back for nobody. */
    assert(!mustHave[0] || inGraph(0));
    assert(!mustHave[1] || inGraph(1));
    assert(!mustHaveApp || app);
    assert(!mustHaveBase || base);
    assert(!mustLack[0] || !inGraph(0));
    assert(!mustLack[1] || !inGraph(1));
    assert(!mustLackApp || !app)
  
  }
}

/* `registerImage`: image 1 alone, without a name. Of the locks it takes its parent's alone. */
proctype store(byte me) {
  byte w, x, j;
  {
    d_step { started[me] = 1; dead[me] = 0; onlyGarbage = 0 };
    if :: inGraph(1) || !inGraph(0) -> goto ended :: else fi;
    d_step { place[copy(me, 1)] = STAGED; kept.place[copy(me, 1)] = STAGED; synced[copy(me, 1)] = 0 };
#ifndef WITHOUT_SYNC_OF_STAGE
    syncAll();
#endif
    lockImage(me, 0);
    if
    :: inGraph(0) ->
      d_step {
        if
        :: staged(me, 1) && !inGraph(1) -> writeGraph(copy(me, 1), IN_GRAPH); mustLack[1] = 0
        :: else
        fi
      }
    :: else
    fi;
    unlockImages(me);
#ifndef WITHOUT_SYNC_OF_STORE
    syncAll();
#endif
    d_step { if :: place[copy(me, 1)] == IN_GRAPH -> mustHave[1] = 1 :: else fi };
ended:
    d_step { removeStage(me); started[me] = 0; news = 1 }
  } unless { dead[me] -> die(me) }
}

/* `registerAllImages`. */
proctype import(byte me) {
  byte w, x, j;
  bit missing[2];
  {
    d_step { started[me] = 1; dead[me] = 0 };
    if :: skip :: nameless[me] = 1; onlyGarbage = 0 fi;
    lockReferences(me);
#ifndef WITHOUT_LEASE
    lease[me] = 1;
#endif
    unlockReferences(me);
    d_step { missing[0] = !inGraph(0); missing[1] = !inGraph(1) };
    if
    :: !missing[0] && !missing[1] ->
      lockReferences(me);
#ifdef LOOK_AT_LEASE
      if :: !lease[me] -> goto failed :: else fi;
#endif
#ifndef WITHOUT_SYNC_OF_PRESENT
      d_step { keepGraph(); w = 0; x = 0 };
#endif
      giveApp(me);
      promise(me)
    :: else ->
      d_step {
        for (j : 0 .. 1) {
          if
          :: missing[j] -> place[copy(me, j)] = STAGED; kept.place[copy(me, j)] = STAGED; synced[copy(me, j)] = 0
          :: else
          fi
        };
        j = 0
      };
#ifndef WITHOUT_SYNC_OF_STAGE
      syncAll();
#endif
      lockReferences(me);
#ifdef LOOK_AT_LEASE
      if :: !lease[me] -> goto failed :: else fi;
#endif
#ifndef WITHOUT_SYNC_OF_JOURNALS_CONTENT
      journalSynced[me] = 1;
#endif
      d_step { journal[me] = 1; ofStaging!me, 1 };
#ifndef WITHOUT_SYNC_OF_JOURNAL
      d_step { keepStaging(); w = 0; x = 0 };
#endif
      completeSet(me)
    fi;
    unlockReferences(me);
    d_step {
      acknowledged[me] = 1;
      lease[me] = 0;
      started[me] = 0;
      news = 1
    };
    goto ended;
failed:
    d_step {
      removeStage(me);
      unlockReferences(me);
      lease[me] = 0;
      started[me] = 0;
      news = 1
    };
ended:
    skip
  } unless { dead[me] -> die(me) }
}

#define isHeld (lease[0] || lease[1] || journal[0] || journal[1])

inline takeOut(i) {
  d_step {
    if
    :: place[copy(0, i)] == IN_GRAPH -> w = copy(0, i)
    :: else -> w = copy(1, i)
    fi;
    writeGraph(w, NOWHERE);
    mustHave[i] = 0;
    w = 0;
    taken[i] = 1;
    mustLack[i] = 0
  }
}

/* `takeOutUnneededImages`, `takeOutImage`, and the names. */
proctype remover() {
  byte w, x, j;
  bit taken[2];
  byte which;
  {
    d_step { started[REMOVER] = 1; dead[REMOVER] = 0 };
    if
    :: /* the collection of garbage */
      lockReferences(REMOVER);
      lockImage(REMOVER, 0);
      lockImage(REMOVER, 1);
      if
      :: inGraph(1) && !app && !isHeld -> takeOut(1)
      :: else
      fi;
      if
      :: inGraph(0) && !inGraph(1) && !base && !isHeld -> takeOut(0)
      :: else
      fi;
      unlockImages(REMOVER);
      unlockReferences(REMOVER);
#ifndef WITHOUT_SYNC_OF_REMOVAL
      syncAll();
#endif
      skip
    :: /* one image is removed, by its id */
      onlyGarbage = 0;
      if :: which = 0 :: which = 1 fi;
      lockReferences(REMOVER);
      lockImage(REMOVER, which);
      if
      :: inGraph(which) && !(which == 0 && inGraph(1)) && !isHeld ->
        d_step {
          takeOut(which);
          if :: which == 1 && app -> mayDangle = 1; mustHaveApp = 0 :: else fi;
          if :: which == 0 && base -> mayDangle = 1; mustHaveBase = 0 :: else fi
        };
        unlockImages(REMOVER);
#ifndef WITHOUT_SYNC_OF_REMOVAL
        syncAll();
#endif
        if
        :: which == 1 && app -> replaceNames(0, 0)
        :: which == 0 && base -> replaceNames(1, 0)
        :: else
        fi;
        mayDangle = 0
      :: else
      fi;
      unlockImages(REMOVER);
      unlockReferences(REMOVER)
    :: /* the name is taken away */
      onlyGarbage = 0;
      lockReferences(REMOVER);
      if
      :: app -> d_step { mustHaveApp = 0 }; replaceNames(0, 0); mustLackApp = 1
      :: else
      fi;
      unlockReferences(REMOVER)
    :: /* an image is named */
      onlyGarbage = 0;
      lockReferences(REMOVER);
      if
      :: inGraph(0) -> syncBeforeNames(); replaceNames(1, 1); mustHaveBase = 1
      :: inGraph(1) ->
        mustLackApp = 0;
        syncBeforeNames();
        replaceNames(0, 1);
        mustHaveApp = 1
      :: else
      fi;
      unlockReferences(REMOVER)
    fi;
    /* Acknowledged: what nobody has added since stays away. */
    d_step {
      if :: taken[0] && !inGraph(0) && !journal[0] && !journal[1] -> mustLack[0] = 1 :: else fi;
      if :: taken[1] && !inGraph(1) && !journal[0] && !journal[1] -> mustLack[1] = 1 :: else fi;
      taken[0] = 0; taken[1] = 0; which = 0;
      started[REMOVER] = 0;
      news = 1
    }
  } unless { dead[REMOVER] -> die(REMOVER) }
}

/* Opens the graph when nobody is at work, whenever something has happened: completes what the dead have decided. */
proctype opener() {
  byte w, x, j;
again:
  {
    skip;
endIdle:
    atomic { news && !started[0] && !started[1] && !started[REMOVER] -> started[OPENER] = 1; dead[OPENER] = 0 };
    lockReferences(OPENER);
    d_step {
      /* Abandoned staging. */
      for (j : 0 .. 3) {
        if
        :: place[j] == STAGED && !started[j / 2] -> place[j] = NOWHERE; kept.place[j] = NOWHERE; synced[j] = 0
        :: else
        fi
      };
      j = 0;
      unlockReferences(OPENER);
      started[OPENER] = 0;
      news = 0
    };
    goto again
  } unless { dead[OPENER] -> die(OPENER) };
  goto again
}

/* Kills a process, cuts the power, or lets a lease run out whose process was suspended. */
proctype fate() {
  byte w, x, j;
endFate:
  do
  :: atomic { kills > 0 && started[0] -> dead[0] = 1; kills-- }
  :: atomic { kills > 0 && started[1] -> dead[1] = 1; kills-- }
  :: atomic { kills > 0 && started[REMOVER] -> dead[REMOVER] = 1; kills-- }
  :: atomic { kills > 0 && started[OPENER] -> dead[OPENER] = 1; kills-- }
  :: atomic { expiries > 0 && lease[0] && references == NOBODY -> lease[0] = 0; expiries-- }
  :: atomic {
      cuts > 0 -> cuts--;
      for (j : 0 .. PROCESSES - 1) { if :: started[j] -> dead[j] = 1 :: else fi };
      do
      :: nempty(ofGraph) -> ofGraph?w, x; kept.place[w] = x
      :: break
      od;
      do
      :: nempty(ofStaging) -> ofStaging?w, x; kept.journal[w] = x
      :: break
      od;
      do
      :: nempty(ofRoot) -> ofRoot?w, x; if :: w == 0 -> kept.app = x :: else -> kept.base = x fi
      :: break
      od;
      d_step {
        do :: nempty(ofGraph) -> ofGraph?w, x :: empty(ofGraph) -> break od;
        do :: nempty(ofStaging) -> ofStaging?w, x :: empty(ofStaging) -> break od;
        do :: nempty(ofRoot) -> ofRoot?w, x :: empty(ofRoot) -> break od;
        for (j : 0 .. 3) {
          place[j] = kept.place[j];
          /* No half image. */
          assert(place[j] != IN_GRAPH || synced[j])
        };
        for (j : 0 .. 1) {
          journal[j] = kept.journal[j];
          assert(!journal[j] || journalSynced[j])
        };
        app = kept.app;
        base = kept.base;
        endFile = 0;
        w = 0; x = 0; j = 0
      }
    }
  od
}

init {
  atomic {
    run import(0);
    if
#ifndef ONLY_IMPORTS
    :: /* the parent is there, and nothing needs it */
      place[copy(1, 0)] = IN_GRAPH;
      kept.place[copy(1, 0)] = IN_GRAPH;
      synced[copy(1, 0)] = 1;
      onlyGarbage = 0;
      run store(1)
    :: run store(1)
#endif
    :: run import(1)
    fi;
    run remover();
    run opener();
    run fate()
  }
}
