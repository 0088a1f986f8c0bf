"""Files in, checked and reported; maps and plans out."""
